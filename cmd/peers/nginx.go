//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// nginx is the server the generators are measured on. It counts their requests.
type nginx struct {
	*process
	url    string // ends with a slash; any path below it has the same answer
	status string // URL of the counters, at a port of its own
	asked  int64  // how often the counters were asked for, which nginx counts as well
}

// nginxOptions say how nginx is to run.
type nginxOptions struct {
	cores   string // as taskset has them
	workers int
	tls     bool // with a certificate made for the occasion
}

// startNginx starts an nginx with a folder of its own.
func (b *box) startNginx(ctx context.Context, o nginxOptions) (*nginx, error) {
	program, err := b.find(ctx, "nginx", source{debian: "nginx-light"})
	if err != nil {
		return nil, fmt.Errorf("nginx: %w", err)
	}
	dir, err := os.MkdirTemp(b.dir, "nginx")
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	if o.tls {
		if err := writeCertificate(dir); err != nil {
			return nil, err
		}
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, []byte(o.config(dir, ports[0], ports[1])), 0o600); err != nil {
		return nil, err
	}
	n := &nginx{url: fmt.Sprintf("http://127.0.0.1:%d/", ports[0]), status: fmt.Sprintf("http://127.0.0.1:%d/", ports[1])}
	if o.tls {
		n.url = strings.Replace(n.url, "http:", "https:", 1)
	}
	if n.process, err = startProcess("nginx", o.cores, nil, program, "-c", conf); err != nil {
		return nil, err
	}
	if err := n.await(ctx, func() error { _, err := n.counters(ctx); return err }); err != nil {
		n.stop(syscall.SIGTERM)
		return nil, err
	}
	return n, nil
}

// config is nginx's: 470 bytes of JSON for every path, and its counters at another port. Over TLS there is one version
// and one cipher, since generators left to themselves would choose different ones. Several workers get a queue of new
// connections each: from one queue the first to wake takes nearly all.
func (o nginxOptions) config(dir string, port, statusPort int) string {
	body := `{"id":15000,"index":1,"count":5,"image":{"caption":"` + strings.Repeat("x", 415) + `"}}`
	listen, tls := "", ""
	if o.workers > 1 {
		listen = " reuseport"
	}
	if o.tls {
		listen += " ssl"
		tls = `ssl_certificate cert.pem; ssl_certificate_key key.pem; ssl_protocols TLSv1.3;
		ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;`
	}
	return fmt.Sprintf(`daemon off; worker_processes %[4]d; pid %[1]s/pid; error_log %[1]s/error.log;
events { worker_connections 16384; }
http {
	access_log off; keepalive_requests 1000000000; client_body_temp_path %[1]s; proxy_temp_path %[1]s;
	fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
	server {
		listen 127.0.0.1:%[2]d%[5]s;
		%[6]s
		location / { default_type application/json; return 200 '%[3]s'; }
	}
	server {
		listen 127.0.0.1:%[7]d;
		location / { stub_status; }
	}
}
`, dir, port, body, o.workers, listen, tls, statusPort)
}

// counters are what nginx has counted, our own questions for them left out.
type counters struct{ connections, requests int64 }

// statusPage has the open connections in its first line; the third line counts connections accepted and handled, and
// requests.
var statusPage = regexp.MustCompile(`(?s)^Active connections: (\d+).*\n \d+ \d+ (\d+)`)

func (n *nginx) counters(ctx context.Context) (counters, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.status, nil)
	if err != nil {
		return counters{}, err
	}
	req.Close = true // so that open connections are those of the generator and this one
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return counters{}, err
	}
	defer res.Body.Close()
	n.asked++
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return counters{}, err
	}
	c, err := parseStatus(text)
	return counters{c.connections - 1, c.requests - n.asked}, err
}

func parseStatus(text []byte) (counters, error) {
	found := statusPage.FindSubmatch(text)
	if found == nil {
		return counters{}, fmt.Errorf("nginx's status is %q", text)
	}
	var c counters
	var err error
	if c.connections, err = strconv.ParseInt(string(found[1]), 10, 64); err != nil {
		return c, err
	}
	c.requests, err = strconv.ParseInt(string(found[2]), 10, 64)
	return c, err
}

// freePorts returns ports of the loopback that nobody listens on.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close() // not before all are found, or one would be found twice
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
