package attack

import (
	"context"
	"net"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// Dialing returns options whose connections dial makes.
func (o Options) Dialing(dial func(ctx context.Context, network, addr string) (net.Conn, error)) Options {
	o.dial = dial
	return o
}

// Arrivals returns the schedule of an open phase, which is the i-th.
func Arrivals(p scenarios.Phase, seed uint64, i int) Schedule {
	return arrivals(p, arrivalStream(seed, i))
}

// DueBy counts the events of a schedule that are due by t.
var DueBy = dueBy

// ErrorKeyOf returns the key an error of a request is counted under, over either protocol.
func ErrorKeyOf(err error, http2 bool) string {
	if http2 {
		err = streamError(err)
	}
	return errorKey(context.Background(), err)
}
