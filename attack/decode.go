package attack

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

const (
	maxCodings = 4       // codings one on top of the other; nobody means more
	maxWindow  = 8 << 20 // bytes a zstd decoder remembers, as RFC 9659 has it for HTTP
)

var errCoding = errors.New("unknown content coding")

// decoder takes content codings off bodies. A run has as many as cores, since each may remember maxWindow bytes of zstd
// or 16 MiB of brotli, and more could not work at once.
type decoder struct {
	source  bytes.Reader
	gzip    *gzip.Reader
	zlib    io.ReadCloser
	deflate io.ReadCloser
	brotli  *brotli.Reader
	zstd    *zstd.Decoder
	piece   [32 << 10]byte
}

func newDecoders(n int) chan *decoder {
	all := make(chan *decoder, n)
	for range n {
		all <- &decoder{}
	}
	return all
}

// decode takes off the codings of a kept body, the last one first. What cannot be decoded stays as it is; of a body that
// was cut, what is there of it is decoded, and one that grows too large is cut again.
func (d *decoder) decode(a *answer) {
	defer d.source.Reset(nil)
	codings := strings.Split(a.code, ",")
	if len(codings) > maxCodings {
		a.raw = true
		return
	}
	for _, coding := range slices.Backward(codings) {
		coding = strings.TrimSpace(coding)
		if coding == "identity" || coding == "" {
			continue
		}
		if err := d.take(coding, a); err != nil {
			a.raw = true
			return
		}
	}
}

// take takes one coding off.
func (d *decoder) take(coding string, a *answer) error {
	d.source.Reset(a.body.bytes)
	a.text.bytes = a.text.bytes[:0]
	from, err := d.open(coding, a.body.bytes)
	if err != nil && !(a.cut && errors.Is(err, io.ErrUnexpectedEOF)) {
		return err
	}
	for err == nil {
		var n int
		n, err = from.Read(d.piece[:])
		if !a.text.add(d.piece[:n]) {
			a.cut, err = true, io.EOF
		}
	}
	if err != io.EOF && !a.cut {
		return err
	}
	a.body, a.text = a.text, a.body
	return nil
}

// open returns a reader that decodes d.source, whose bytes are body.
func (d *decoder) open(coding string, body []byte) (io.Reader, error) {
	switch coding {
	case "gzip", "x-gzip":
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		return d.gzip, d.gzip.Reset(&d.source)
	case "deflate":
		if isZlib(body) {
			return d.openZlib()
		}
		return d.openDeflate()
	case "br":
		if d.brotli == nil {
			d.brotli = new(brotli.Reader)
		}
		return d.brotli, d.brotli.Reset(&d.source)
	case "zstd":
		return d.openZstd()
	}
	return nil, errCoding
}

// isZlib tells what the standard means by deflate from what some servers send (RFC 9110, section 8.4.1.2).
func isZlib(body []byte) bool {
	return len(body) >= 2 && body[0]&0x0f == 8 && (int(body[0])<<8|int(body[1]))%31 == 0
}

func (d *decoder) openZlib() (_ io.Reader, err error) {
	if d.zlib == nil {
		d.zlib, err = zlib.NewReader(&d.source)
		return d.zlib, err
	}
	return d.zlib, d.zlib.(zlib.Resetter).Reset(&d.source, nil)
}

func (d *decoder) openDeflate() (io.Reader, error) {
	if d.deflate == nil {
		d.deflate = flate.NewReader(&d.source)
		return d.deflate, nil
	}
	return d.deflate, d.deflate.(flate.Resetter).Reset(&d.source, nil)
}

func (d *decoder) openZstd() (_ io.Reader, err error) {
	if d.zstd != nil {
		return d.zstd, d.zstd.Reset(&d.source)
	}
	d.zstd, err = zstd.NewReader(&d.source,
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	return d.zstd, err
}
