package attack

import (
	"context"
	"net"
)

// Dialing returns options whose connections dial makes.
func (o Options) Dialing(dial func(ctx context.Context, network, addr string) (net.Conn, error)) Options {
	o.dial = dial
	return o
}
