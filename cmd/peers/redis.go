//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
	"time"
)

// startRedis starts a redis-server that keeps nothing, where the load runs, and returns its URL.
func (b *box) startRedis(ctx context.Context) (*process, string, error) {
	program, err := b.find(ctx, "redis-server", source{debian: "redis-server"})
	if err != nil {
		return nil, "", err
	}
	ports, err := freePorts(1)
	if err != nil {
		return nil, "", err
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	p, err := startProcess("redis-server", loadCore, nil, program, "--bind", "127.0.0.1", "--port", strconv.Itoa(ports[0]),
		"--dir", b.dir, "--save", "", "--appendonly", "no")
	if err != nil {
		return nil, "", err
	}
	if err := p.await(ctx, func() error { return pingRedis(ctx, addr) }); err != nil {
		p.stop(syscall.SIGTERM)
		return nil, "", err
	}
	return p, "redis://" + addr, nil
}

func pingRedis(ctx context.Context, addr string) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return fmt.Errorf("ask Redis: %w", err)
	}
	answer := make([]byte, len("+PONG"))
	if _, err := io.ReadFull(conn, answer); err != nil {
		return fmt.Errorf("ask Redis: %w", err)
	}
	if string(answer) != "+PONG" {
		return errors.New("what listens there is not Redis")
	}
	return nil
}
