package attack

import (
	"context"
	"strings"
	"sync/atomic"
)

const (
	defaultMaxBody = 1 << 20   // bytes kept of one body, decoded
	maxKept        = 256 << 20 // bytes kept of all bodies at one time, beyond keptBuffer for each
	keptBuffer     = 4 << 10   // bytes a user or worker keeps for bodies from request to request, twice if they are encoded
)

// answer is the kept body of an answer, if somebody wants it. It is valid until release.
type answer struct {
	body buffer // what came, and then what it says: decoded from its Content-Encoding
	text buffer // what is being decoded
	cut  bool   // the body goes on, beyond the bounds
	raw  bool   // it could not be decoded, and is as it came
	code string // its Content-Encoding: the codings in the order they were applied, with commas between
}

// begin gets ready for the body of the next answer, of which limit bytes are kept. Its length may be unknown: -1.
func (a *answer) begin(limit int, used *atomic.Int64, length int64, codings []string) {
	a.body.limit, a.body.used, a.text.limit, a.text.used = limit, used, limit, used
	a.cut, a.raw, a.code = false, false, strings.ToLower(strings.Join(codings, ","))
	a.body.expect(length)
}

// add takes the next part of the body.
func (a *answer) add(part []byte) { a.cut = !a.body.add(part) || a.cut }

// release forgets the body, and gives back what is more than a small one takes.
func (a *answer) release() {
	a.body.release()
	a.text.release()
}

// decode replaces what came by what it says. It waits for one of the run's decoders.
func (a *answer) decode(ctx context.Context, r *run) {
	if a.code == "" || len(a.body.bytes) == 0 {
		return
	}
	select {
	case d := <-r.decoders:
		defer func() { r.decoders <- d }()
		d.decode(a)
	case <-ctx.Done():
		a.raw = true
	}
}

// buffer holds up to limit bytes. Beyond keptBuffer its memory is counted in used, of which there is maxKept.
type buffer struct {
	bytes []byte
	limit int
	used  *atomic.Int64
}

// add appends as much of part as there is room for, and reports whether that was all.
func (b *buffer) add(part []byte) bool {
	fits := part[:max(0, min(len(part), b.limit-len(b.bytes)))]
	if need := len(b.bytes) + len(fits); need > cap(b.bytes) && !b.grow(max(need, min(2*cap(b.bytes), b.limit))) {
		fits = fits[:cap(b.bytes)-len(b.bytes)]
	}
	b.bytes = append(b.bytes, fits...)
	return len(fits) == len(part)
}

// expect makes room for so many bytes at once.
func (b *buffer) expect(size int64) {
	if need := int(min(size, int64(b.limit))); need > cap(b.bytes) {
		b.grow(need)
	}
}

// grow makes room for size bytes in all; false if too many bodies are kept at present.
func (b *buffer) grow(size int) bool {
	size = max(size, keptBuffer)
	more := int64(counted(size) - counted(cap(b.bytes)))
	if b.used.Add(more) > maxKept {
		b.used.Add(-more)
		return false
	}
	b.bytes = append(make([]byte, 0, size), b.bytes...)
	return true
}

// counted is how much of a buffer's capacity is counted.
func counted(capacity int) int { return max(0, capacity-keptBuffer) }

func (b *buffer) release() {
	b.bytes = b.bytes[:0]
	if cap(b.bytes) > keptBuffer {
		b.used.Add(-int64(counted(cap(b.bytes))))
		b.bytes = nil
	}
}

// keepBody has the connection hand over the body it is about to read.
func (c *client) keepBody(cn *conn, h head) {
	var codings []string
	if h.encoded {
		codings = headerValues(cn.text, "content-encoding")
	}
	c.answer.begin(c.keepLimit(), &c.run.bodies, h.length, codings)
	cn.kept = &c.answer
}

// takeBody puts the kept body of an answer into its result, if it has come complete.
func (c *client) takeBody(ctx context.Context, err error) {
	c.res.Body = nil
	if err != nil {
		return
	}
	c.answer.decode(ctx, c.run)
	c.res.Body = nil
	if c.warming || c.run.opts.Results == nil {
		return
	}
	c.res.Body = c.answer.body.bytes[:max(0, min(len(c.answer.body.bytes), c.run.opts.MaxBody))]
	if c.answer.cut || len(c.res.Body) < len(c.answer.body.bytes) && c.run.opts.MaxBody > 0 {
		c.run.bodiesCut.Add(1)
	}
	if c.answer.raw {
		c.run.bodiesRaw.Add(1)
	}
}
