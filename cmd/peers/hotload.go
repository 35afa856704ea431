//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// hotLoad is what 'peers hot' reads from its standard input: connections that ask one server for a few paths again and
// again. It is a process of its own so that it can be kept to a core.
type hotLoad struct {
	Addr        string `json:"addr"`
	PID         int    `json:"pid"` // whose CPU time is measured
	Connections int    `json:"connections"`
	DurationNS  int64  `json:"duration_ns"`
	Pages       []page `json:"pages"`
}

// page is a path and the body that every answer to it must have.
type page struct {
	Path string `json:"path"`
	Body string `json:"body"`
}

// hotResult is what 'peers hot' writes.
type hotResult struct {
	Requests int64 `json:"requests"` // all of them answered with 200 and the right body
	CPUNS    int64 `json:"cpu_ns"`
}

// runHotLoad reads a load, runs it and writes its result.
func runHotLoad(ctx context.Context, in io.Reader, out io.Writer) error {
	var load hotLoad
	if err := json.NewDecoder(in).Decode(&load); err != nil {
		return fmt.Errorf("read the load: %w", err)
	}
	result, err := load.run(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(result)
}

// run connects, and then measures from the first request to the last answer.
func (l hotLoad) run(ctx context.Context) (hotResult, error) {
	conns, err := l.connect(ctx)
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	if err != nil {
		return hotResult{}, err
	}
	stop := context.AfterFunc(ctx, func() {
		for _, c := range conns {
			_ = c.SetDeadline(time.Unix(1, 0))
		}
	})
	defer stop()
	before, err := cpuOf(l.PID)
	if err != nil {
		return hotResult{}, err
	}
	requests, err := l.ask(conns)
	if err != nil {
		return hotResult{}, err
	}
	after, err := cpuOf(l.PID)
	return hotResult{requests, int64(after - before)}, err
}

func (l hotLoad) connect(ctx context.Context) ([]net.Conn, error) {
	var dialer net.Dialer
	var conns []net.Conn
	for range l.Connections {
		c, err := dialer.DialContext(ctx, "tcp", l.Addr)
		if err != nil {
			return conns, err
		}
		_ = c.SetDeadline(time.Now().Add(time.Duration(l.DurationNS) + patience))
		conns = append(conns, c)
	}
	return conns, nil
}

// ask has every connection ask for its page until the time is over, and returns the number of answers.
func (l hotLoad) ask(conns []net.Conn) (int64, error) {
	until := time.Now().Add(time.Duration(l.DurationNS))
	var requests atomic.Int64
	errs := make([]error, len(conns))
	var wg sync.WaitGroup
	for i, c := range conns {
		wg.Go(func() {
			n, err := l.Pages[i%len(l.Pages)].loop(c, l.Addr, until)
			requests.Add(n)
			errs[i] = err
		})
	}
	wg.Wait()
	return requests.Load(), errors.Join(errs...)
}

// loop sends one request after the other and returns how many were answered well. The clock is read every 16th time.
func (p page) loop(conn net.Conn, host string, until time.Time) (int64, error) {
	request := []byte("GET " + p.Path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
	in := bufio.NewReader(conn)
	want, got := []byte(p.Body), make([]byte, len(p.Body))
	for n := int64(0); ; n++ {
		if n%16 == 0 && time.Now().After(until) {
			return n, nil
		}
		if _, err := conn.Write(request); err != nil {
			return n, err
		}
		if err := readAnswer(in, got); err != nil {
			return n, fmt.Errorf("%s: %w", p.Path, err)
		}
		if !bytes.Equal(got, want) {
			return n, fmt.Errorf("%s: got %q, want %q", p.Path, got, want)
		}
	}
}

// readAnswer reads an answer of status 200 with a body as long as the given one, into it.
func readAnswer(in *bufio.Reader, body []byte) error {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("read the status: %w", err)
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("answered %q", bytes.TrimSpace(status))
	}
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("read the head: %w", err)
		}
		if len(line) == len("\r\n") {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return fmt.Errorf("read the head: %w", err)
			}
		}
	}
	if length != len(body) {
		return fmt.Errorf("a body of %d bytes, want %d", length, len(body))
	}
	_, err = io.ReadFull(in, body)
	return err
}
