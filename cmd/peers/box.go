//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// box is the place of the measurement: nginx on the first core, the generators on the second.
type box struct {
	options
	dir, url string
	imgsvc   string // the program built from this tree
	nginx    *exec.Cmd
	ended    chan error // gets what nginx's Wait returned
}

// serverCore and loadCore are the cores of the two sides, as taskset counts them.
const serverCore, loadCore = "0", "1"

func newBox(ctx context.Context, o options) (*box, error) {
	if runtime.GOOS != "linux" || runtime.NumCPU() < 2 {
		return nil, errors.New("this needs Linux and two cores")
	}
	if o.tools == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		o.tools = filepath.Join(cache, "imgsvc-peers")
	}
	dir, err := os.MkdirTemp("", "peers")
	if err != nil {
		return nil, err
	}
	b := &box{options: o, dir: dir, imgsvc: filepath.Join(dir, "imgsvc"), ended: make(chan error, 1)}
	if err := b.start(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// start builds imgsvc and starts nginx.
func (b *box) start(ctx context.Context) error {
	if err := command(ctx, "go", "build", "-o", b.imgsvc, "./cmd/imgsvc"); err != nil {
		return err
	}
	nginx, err := b.find(ctx, generator{name: "nginx", program: "nginx", source: source{debian: "nginx-light"}})
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	b.url = fmt.Sprintf("http://127.0.0.1:%d/", port)
	conf := filepath.Join(b.dir, "nginx.conf")
	if err := os.WriteFile(conf, []byte(b.config(port)), 0o600); err != nil {
		return err
	}
	b.nginx = exec.Command("taskset", "-c", serverCore, nginx, "-c", conf)
	b.nginx.Stderr = os.Stderr
	if err := b.nginx.Start(); err != nil {
		return err
	}
	go func() { b.ended <- b.nginx.Wait() }()
	return b.waitForNginx(ctx)
}

// config is nginx's: 470 bytes of JSON for every path but /status, which has the count of requests.
func (b *box) config(port int) string {
	body := `{"id":15000,"index":1,"count":5,"image":{"caption":"` + strings.Repeat("x", 415) + `"}}`
	return fmt.Sprintf(`daemon off; worker_processes 1; pid %[1]s/pid; error_log %[1]s/error.log;
events { worker_connections 16384; }
http {
	access_log off; keepalive_requests 1000000000; client_body_temp_path %[1]s; proxy_temp_path %[1]s;
	fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
	server {
		listen 127.0.0.1:%[2]d;
		location / { default_type application/json; return 200 '%[3]s'; }
		location = /status { stub_status; }
	}
}
`, b.dir, port, body)
}

func (b *box) waitForNginx(ctx context.Context) error {
	for range 200 {
		if _, err := b.requests(ctx); err == nil {
			return nil
		}
		select {
		case <-time.After(25 * time.Millisecond):
		case err := <-b.ended:
			b.ended <- err
			return fmt.Errorf("nginx ended: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.New("nginx does not answer")
}

func (b *box) close() {
	if b.nginx != nil && b.nginx.Process != nil {
		_ = b.nginx.Process.Signal(syscall.SIGTERM) // fails only if it has ended
		<-b.ended
	}
	_ = os.RemoveAll(b.dir)
}

// status is the third line of nginx's status page: connections accepted and handled, and requests.
var status = regexp.MustCompile(`(?m)^ \d+ \d+ (\d+)`)

// requests returns how many requests nginx has had, those of this function included.
func (b *box) requests(ctx context.Context) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"status", nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	count := status.FindSubmatch(text)
	if count == nil {
		return 0, fmt.Errorf("nginx's status is %q", text)
	}
	return strconv.ParseInt(string(count[1]), 10, 64)
}

// describe says what the figures are of.
func (b *box) describe() string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if name := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(text); name != nil {
			model = string(name[1])
		}
	}
	return fmt.Sprintf("%s, %d cores, %s; nginx on core %s, each generator on core %s; 470 bytes of JSON",
		model, runtime.NumCPU(), runtime.Version(), serverCore, loadCore)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// command runs a program and returns an error with what it printed if it fails.
func command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, tail(out.String()))
	}
	return nil
}
