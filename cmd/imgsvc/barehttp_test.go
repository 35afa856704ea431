package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

// bareHTTP is the program that BenchmarkHotKey compares with: it answers every request with the file it is given.
func bareHTTP() {
	body, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := useCPUs(1); err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	if err := writeJSON(os.Stdout, serving{Addr: l.Addr().String()}); err != nil {
		log.Fatal(err)
	}
	go func() {
		log.Fatal(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(body)
		})))
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
}
