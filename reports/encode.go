package reports

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// encoder writes histograms as the library does, to the byte. The library makes a new compressor for each, 0.8 MB
// that take a thousand times what is compressed; the thousands of seconds of a long run share one here.
type encoder struct {
	compressor *zlib.Writer
	compressed bytes.Buffer
	plain      []byte
}

func newEncoder() *encoder {
	e := &encoder{}
	compressor, err := zlib.NewWriterLevel(&e.compressed, zlib.BestCompression)
	if err != nil {
		panic("reports: " + err.Error()) // the level is one of zlib's own
	}
	e.compressor = compressor
	return e
}

// distribution sums up d, which is sparse, with its histogram.
func (e *encoder) distribution(d *durations) Distribution {
	dist := d.distribution()
	dist.HDR = e.hdr(d)
	return dist
}

const (
	plainCookie      = hdrhistogram.V2EncodingCookieBase | 0x10
	compressedCookie = hdrhistogram.V2CompressedEncodingCookieBase | 0x10
)

// hdr returns the histogram of d, which is sparse: V2, compressed, in base64; "" if nothing was measured.
func (e *encoder) hdr(d *durations) string {
	if d.count == 0 {
		return ""
	}
	be := binary.BigEndian
	out := be.AppendUint32(e.plain[:0], uint32(plainCookie))
	out = be.AppendUint32(out, 0) // the payload's length, once it is known
	out = be.AppendUint32(out, 0) // normalizing index offset: not shifted
	out = be.AppendUint32(out, significant)
	out = be.AppendUint64(out, uint64(lowestDuration))
	out = be.AppendUint64(out, uint64(highestDuration))
	out = be.AppendUint64(out, math.Float64bits(1)) // integer to double conversion ratio
	out = appendCounts(out, d.sparse)
	be.PutUint32(out[4:], uint32(len(out)-hdrhistogram.ENCODING_HEADER_SIZE))
	e.plain = out

	e.compressed.Reset()
	e.compressed.Write(make([]byte, 8))
	e.compressor.Reset(&e.compressed)
	_, _ = e.compressor.Write(out) // to memory, which does not fail
	_ = e.compressor.Close()
	framed := e.compressed.Bytes()
	be.PutUint32(framed, uint32(compressedCookie))
	be.PutUint32(framed[4:], uint32(len(framed)-8))
	return base64.StdEncoding.EncodeToString(framed)
}

// appendCounts appends the counts of all buckets up to the last that is not empty, as zigzag varints; a negative one
// stands for a run of so many empty buckets. (The format's varints end after nine bytes, binary's after ten: counts
// below 2⁵⁵ are the same in both.)
func appendCounts(out []byte, histogram *hdrhistogram.PackedHistogram) []byte {
	next := int64(0)
	histogram.ForEachBucket(func(value, count int64) bool {
		index := bucketIndex(value)
		switch empty := index - next; {
		case empty == 1:
			out = binary.AppendVarint(out, 0)
		case empty > 1:
			out = binary.AppendVarint(out, -empty)
		}
		out = binary.AppendVarint(out, count)
		next = index + 1
		return true
	})
	return out
}

// bucketIndex returns which bucket a value of ours is in. The first 256 are 64 ns wide, and every further 128 are
// twice as wide as those before.
func bucketIndex(value int64) int64 {
	const (
		unit = 6 // 64 ns: the power of two below lowestDuration
		half = 7 // 128: half the power of two above 2 × 10^significant
	)
	double := int64(bits.Len64(uint64(value)|1<<(unit+half))) - unit - half - 1
	return double<<half + value>>(double+unit)
}
