//go:build unix

package main

import (
	"crypto/tls"
	"crypto/x509"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseStatus(t *testing.T) {
	got, err := parseStatus([]byte("Active connections: 42 \nserver accepts handled requests\n 9 9 3456 \nReading: 0\n"))
	if want := (counters{42, 3456}); err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if _, err := parseStatus([]byte("<html>")); err == nil {
		t.Error("no error for another page")
	}
}

func TestConfig(t *testing.T) {
	for _, test := range []struct {
		name       string
		o          nginxOptions
		has, lacks []string
	}{
		{"apart", apart, []string{"listen 127.0.0.1:80;", "worker_processes 1;"}, []string{"ssl", "reuseport"}},
		{"two workers", nginxOptions{workers: 2},
			[]string{"listen 127.0.0.1:80 reuseport;", "worker_processes 2;"}, []string{"ssl"}},
		{"TLS", nginxOptions{workers: 1, tls: true}, []string{"listen 127.0.0.1:80 ssl;", "TLSv1.3", "TLS_AES_128"}, nil},
	} {
		text := test.o.config("/tmp/x", 80, 81)
		for _, part := range append(test.has, "listen 127.0.0.1:81;", "stub_status") {
			if !strings.Contains(text, part) {
				t.Errorf("%s: no %q in\n%s", test.name, part, text)
			}
		}
		for _, part := range test.lacks {
			if strings.Contains(text, part) {
				t.Errorf("%s: %q in\n%s", test.name, part, text)
			}
		}
	}
}

func TestFreePorts(t *testing.T) {
	ports, err := freePorts(8)
	slices.Sort(ports)
	if err != nil || len(slices.Compact(ports)) != 8 {
		t.Errorf("%v, %v", ports, err)
	}
}

func TestCertificate(t *testing.T) {
	dir := t.TempDir()
	if err := writeCertificate(dir); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := pair.Leaf.VerifyHostname("127.0.0.1"); err != nil {
		t.Error(err)
	}
	if pair.Leaf.PublicKeyAlgorithm != x509.ECDSA {
		t.Error(pair.Leaf.PublicKeyAlgorithm)
	}
}
