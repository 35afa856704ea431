package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// gateSite is a server for gates to start: gatesite KIND PORT. It notes its process group in the file GATE_GROUPS.
//
//	ok         answers
//	exit       says why and exits with 3
//	die        exits with 7 at the 20th request
//	errors     answers 500
//	leak       keeps every connection for ever and hears nothing on the eighth and later ones
//	late       listens after 300 ms
//	deaf       never listens
//	stubborn   answers, and ignores SIGTERM
func gateSite() {
	kind, addr := os.Args[1], "127.0.0.1:"+os.Args[2]
	if file, err := os.OpenFile(os.Getenv("GATE_GROUPS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666); err == nil {
		fmt.Fprintln(file, syscall.Getpgrp())
		file.Close()
	}
	var asked atomic.Int64
	answer := func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }
	switch kind {
	case "exit":
		fmt.Fprintln(os.Stderr, "there is no configuration")
		os.Exit(3)
	case "die":
		answer = func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" && asked.Add(1) >= 20 {
				fmt.Fprintln(os.Stderr, "out of luck")
				os.Exit(7)
			}
			io.WriteString(w, "hello")
		}
	case "errors":
		answer = func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}
	case "leak":
		leak(addr)
	case "late":
		time.Sleep(300 * time.Millisecond)
	case "deaf":
		select {}
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	}
	fmt.Fprintln(os.Stderr, http.ListenAndServe(addr, http.HandlerFunc(answer)))
	os.Exit(1)
}

// leak serves connections that it never closes, of which there are not many to be had.
func leak(addr string) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var kept atomic.Int64
	for {
		conn, err := l.Accept()
		if err != nil {
			continue
		}
		go leakOne(conn, &kept)
	}
}

// leakOne answers on a connection, unless seven others have been asked for more than whether the server is ready.
func leakOne(conn net.Conn, kept *atomic.Int64) {
	in, counted := bufio.NewReader(conn), false
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return // and the connection stays
		}
		if strings.HasPrefix(line, "GET") && !strings.Contains(line, "/readyz") && !counted {
			if counted = true; kept.Add(1) > 7 {
				select {}
			}
		}
		if line == "\r\n" {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
		}
	}
}
