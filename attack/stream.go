package attack

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// maxResends is how often a request is sent again because the service said that it did not look at it, on connections
// that have answered nothing. A service that closes a connection after so many requests says so of all that were on
// their way, and may do it to one request many times; but each time some are answered, so that comes to an end.
const maxResends = 5

// streams is a client's side of HTTP/2: net/http's HTTP/2 connections behind the same calls as its HTTP/1.1 ones.
type streams struct {
	pools   []*streamPool
	ctx     context.Context // the run's, with a trace that sets written
	epoch   time.Time
	written atomic.Int64    // ns from epoch to when the request's head, or its body, had been written
	upload  atomic.Bool     // there is a body
	giveUp  <-chan struct{} // closed: what waits for a stream will not be sent; nil: the gate says so
	head    []byte          // the request last sent, as rendered, without its body
	request *http.Request   // made of it; never changed, as net/http may read it for longer than it is of use here
}

// overStreams sends the rendered request over HTTP/2 and reads its answer to the end. It is what exchange is for
// HTTP/1.1: the same Result comes of it. A request is sent when it has got a stream; what waits for one lags. It
// returns errUnsent for one that never got any.
func (c *client) overStreams(ctx context.Context, to origin, method string, due time.Time) (head, time.Time, error) {
	s := c.streams
	if c.run.opts.Protocol.check(to) != nil {
		now := time.Now()
		c.begin(now, due)
		return head{}, now, errStreamProtocol
	}
	giveUp := s.giveUp
	if giveUp == nil {
		giveUp = c.gate.done
	}
	cn, err := s.pool(c.run, to).take(ctx, giveUp)
	if err != nil {
		return head{}, time.Now(), err
	}
	sent := time.Now()
	c.begin(sent, due)
	deadline := sent.Add(c.run.opts.Timeout)
	within, cancel := context.WithDeadline(s.traced(ctx), deadline)
	defer cancel()
	for resends := 0; ; {
		if err = cn.connect(ctx, within, deadline); err != nil {
			cn.pool.release(cn, cn.spent(err, 0))
			return head{}, time.Now(), streamError(err)
		}
		h, end, err := c.attemptStream(within, cn, to, method)
		if err == nil || !unprocessed(err) || resends == maxResends {
			return h, end, streamError(err)
		}
		c.reconnects++
		if !neverLeft(err) && !cn.answered.Load() {
			resends++
		}
		if cn, err = s.pool(c.run, to).take(within, nil); err != nil {
			return h, time.Now(), context.Cause(within)
		}
	}
}

// newStreams returns a client's side of HTTP/2, or nil over HTTP/1.1.
func (r *run) newStreams() *streams {
	if r.opts.Protocol == HTTP1 {
		return nil
	}
	return &streams{giveUp: r.giveUp}
}

// unsent says that a request never left, which is nobody's loss if it only followed a redirect.
func (c *client) unsent(hops int) error {
	if hops > 0 {
		return errStopped
	}
	return errUnsent
}

// boundWaits lets a rate's requests wait for a stream until the time of the rate is over, or stop ends. The returned
// func frees what that takes.
func (r *run) boundWaits(stop context.Context, began time.Time) context.CancelFunc {
	end := began.Add(r.timeLimit())
	if r.timeLimit() == 0 {
		end = began.Add(1 << 62) // as good as never
	}
	waits, cancel := context.WithDeadline(stop, end)
	r.giveUp = waits.Done()
	return cancel
}

// countUnsent counts a request of a rate that never left.
func (r *run) countUnsent(err error, due time.Time) {
	if err == errUnsent && !due.Before(r.recordFrom) {
		r.shards[0].Unsent(due)
	}
}

// pool returns the connections to an origin.
func (s *streams) pool(r *run, to origin) *streamPool {
	for _, p := range s.pools {
		if p.to == to {
			return p
		}
	}
	p := r.streamPool(to)
	s.pools = append(s.pools, p)
	return p
}

// close closes the connections that are this client's alone.
func (s *streams) close(r *run) {
	if s == nil || r.sharesStreams() {
		return
	}
	for _, p := range s.pools {
		p.close()
	}
	s.pools = nil
}

// traced returns the run's context with a trace that notes when a request has been written.
func (s *streams) traced(ctx context.Context) context.Context {
	if s.ctx == nil {
		s.epoch = time.Now()
		s.ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			WroteHeaders: s.note,
			WroteRequest: func(httptrace.WroteRequestInfo) {
				if s.upload.Load() {
					s.note()
				}
			},
		})
	}
	return s.ctx
}

func (s *streams) note() { s.written.Store(int64(time.Since(s.epoch))) }

// attemptStream sends the request on a connection, reads the answer, and gives the stream back.
func (c *client) attemptStream(ctx context.Context, cn *streamConn, to origin, method string,
) (h head, end time.Time, err error) {
	before := cn.wire.received.Load()
	defer func() { cn.pool.release(cn, err != nil && cn.spent(err, before)) }()
	req, body := c.streams.build(ctx, c.out, to, method)
	defer body.Close() // from here on net/http must not read what the next request is rendered over
	resp, err := cn.http.RoundTrip(req)
	end = time.Now()
	if err != nil {
		return head{}, end, cn.explain(err)
	}
	defer resp.Body.Close()
	cn.answer()
	if h = streamHead(resp); h.status < 100 || h.status > 999 {
		return head{}, end, errNoStatus
	}
	c.res.Code = uint16(h.status)
	c.keepStream(resp, to)
	c.res.FirstByte = max(1, end.Sub(c.streams.epoch)-time.Duration(c.streams.written.Load()))
	if req.Body != nil { // while it waits to send one, net/http does not see that the time is over
		defer context.AfterFunc(ctx, func() { resp.Body.Close() })()
	}
	if c.res.BytesIn, err = drain(resp.Body, c.keeper()); err != nil {
		err = cmp.Or(ctx.Err(), cn.explain(err))
	}
	return h, time.Now(), err
}

// drain reads a body to its end and returns how many bytes it had. Who keeps it gets them; nil: nobody.
func drain(body io.Reader, kept *answer) (total uint64, err error) {
	into := scratch.Get().(*[64 << 10]byte)
	defer scratch.Put(into)
	for {
		n, err := body.Read(into[:])
		total += uint64(n)
		if kept != nil {
			kept.add(into[:n])
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}
