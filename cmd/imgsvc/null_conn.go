package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strconv"
	"sync"
	"time"
)

// nullAnswer is the answer to every request; one to HEAD ends with its head.
type nullAnswer struct {
	text []byte
	head int // bytes of it
}

func newNullAnswer(body int) nullAnswer {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: %s\r\nContent-Length: %d\r\n\r\n",
		time.Now().UTC().Format(time.RFC1123), body)
	return nullAnswer{text: append([]byte(head), bytes.Repeat([]byte{' '}, body)...), head: len(head)}
}

func (a nullAnswer) to(request *nullRequest) []byte {
	if request.headOnly {
		return a.text[:a.head]
	}
	return a.text
}

// nullRequest is what a null handler knows of a connection's request: where it ends, and whether its answer has a
// body. The generator sends one request at a time and waits for its answer.
type nullRequest struct {
	begun    []byte // of a head that has not come whole, at most maxNullHead
	body     int64  // bytes still to come
	headOnly bool
}

const maxNullHead = 1 << 20

var errNullRequest = errors.New("not a request of this generator's")

// take takes what was read and reports whether it ends the request.
func (r *nullRequest) take(data []byte) (complete bool, err error) {
	if r.body > 0 {
		r.body -= int64(len(data))
		return r.body == 0, r.check()
	}
	if len(r.begun) > 0 {
		data = append(r.begun, data...)
		r.begun = nil
	}
	end := bytes.Index(data, []byte("\r\n\r\n"))
	if end < 0 {
		r.begun = bytes.Clone(data)
		return false, r.check()
	}
	head := data[:end+4]
	length, err := contentLength(head)
	r.headOnly = bytes.HasPrefix(head, []byte("HEAD "))
	r.body = length - int64(len(data)-len(head))
	if err == nil {
		err = r.check()
	}
	return r.body == 0, err
}

func (r *nullRequest) check() error {
	if r.body < 0 || len(r.begun) > maxNullHead {
		return errNullRequest
	}
	return nil
}

// contentLength finds the length of the body that follows a head, by the header as the generator writes it or as a
// script may spell it.
func contentLength(head []byte) (int64, error) {
	for _, name := range []string{"\r\nContent-Length: ", "\r\ncontent-length: "} {
		if at := bytes.Index(head, []byte(name)); at >= 0 {
			value, _, _ := bytes.Cut(head[at+len(name):], []byte("\r\n"))
			return strconv.ParseInt(string(value), 10, 64)
		}
	}
	return 0, nil
}

// acceptNull answers on every connection until the listener closes, closes what is open then, and waits.
func acceptNull(ctx context.Context, l net.Listener, answer nullAnswer) error {
	var serving sync.WaitGroup
	defer serving.Wait()
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("accept for the null handler: %w", err)
		}
		serving.Go(func() {
			unwatch := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
			defer unwatch()
			defer c.Close()
			answerConn(c, answer)
		})
	}
}

// answerConn answers until the connection ends.
func answerConn(c net.Conn, answer nullAnswer) {
	var request nullRequest
	buf := make([]byte, 4<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		complete, err := request.take(buf[:n])
		if err != nil {
			return
		}
		if complete {
			if _, err := c.Write(answer.to(&request)); err != nil {
				return
			}
		}
	}
}

// throwawayCertificate makes a certificate that nobody trusts: who measures a ceiling does not ask.
func throwawayCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
