package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestNullRequestIsTakenInAnyPieces cuts requests everywhere: a network does.
func TestNullRequestIsTakenInAnyPieces(t *testing.T) {
	tests := []struct {
		name, text string
		headOnly   bool
	}{
		{"plain", "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", false},
		{"HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", true},
		{"a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n\r\n\r\nx", false},
		{"a body its author announced", "PUT / HTTP/1.1\r\ncontent-length: 2\r\nHost: a\r\n\r\nab", false},
		{"an empty body", "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for cut := 1; cut < len(tt.text); cut++ {
				var r nullRequest
				if complete, err := r.take([]byte(tt.text[:cut])); complete || err != nil {
					t.Fatalf("complete after %d of %d bytes (%v)", cut, len(tt.text), err)
				}
				if complete, err := r.take([]byte(tt.text[cut:])); !complete || err != nil || r.headOnly != tt.headOnly {
					t.Fatalf("cut at %d: complete %t, HEAD %t (%v)", cut, complete, r.headOnly, err)
				}
			}
		})
	}
}

func TestNullRequestRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"two at once":     "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		"a bad length":    "POST / HTTP/1.1\r\nContent-Length: ten\r\n\r\n",
		"no length":       "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"an endless head": strings.Repeat("x", maxNullHead+1),
	} {
		var r nullRequest
		if _, err := r.take([]byte(text)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// TestNullHandlersAnswer asks both kinds of null handler by a client of which we know that it is right.
func TestNullHandlersAnswer(t *testing.T) {
	cert, err := throwawayCertificate()
	if err != nil {
		t.Fatal(err)
	}
	const size = 300_000 // more than a socket takes at once
	kinds := map[string]func(context.Context, func(string) error) error{
		"plain": func(ctx context.Context, listening func(string) error) error {
			return serveNull(ctx, newNullAnswer(size), listening)
		},
		"TLS": func(ctx context.Context, listening func(string) error) error {
			config := &tls.Config{Certificates: []tls.Certificate{cert}}
			return serveNullConns(ctx, newNullAnswer(size), config, listening)
		},
	}
	for name, serve := range kinds {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(context.Background(), time.Minute)
			defer stop()
			at, ended := make(chan string, 1), make(chan error, 1)
			go func() { ended <- serve(ctx, func(url string) error { at <- url; return nil }) }()
			askNull(t, <-at, size)
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

func askNull(t *testing.T, url string, size int) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	for _, method := range []string{"GET", "HEAD", "POST", "GET"} {
		var body io.Reader
		if method == "POST" {
			body = bytes.NewReader(make([]byte, 500_000))
		}
		req, err := http.NewRequest(method, url+"/x", body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		want := int64(size)
		if method == "HEAD" {
			want = 0
		}
		if err != nil || n != want || resp.StatusCode != 200 || resp.ContentLength != int64(size) {
			t.Errorf("%s: status %d, %d bytes of %d (%v)", method, resp.StatusCode, n, resp.ContentLength, err)
		}
	}
}
