package main

import (
	"bytes"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// findHAProxy returns the path of HAProxy, or skips the test on a machine without one.
func findHAProxy(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("haproxy")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/haproxy") // where Debian has it, not in everybody's PATH
	}
	switch {
	case err == nil:
		return path
	case os.Getenv("IMGSVC_TEST_REAL") == "1":
		t.Fatal("no haproxy here: install Debian's package haproxy")
	}
	t.Skip("no haproxy here: install Debian's package haproxy to run this")
	return ""
}

// balance starts HAProxy with the configuration we ship and waits until it passes on what an instance answers.
func (f *fleet) balance(haproxy string) {
	f.t.Helper()
	listen, err := net.Listen("tcp", f.net+"254:0")
	if err != nil {
		f.t.Fatal(err)
	}
	addr := listen.Addr().String()
	listen.Close()
	var log bytes.Buffer
	cmd := exec.Command(haproxy, "-db", "-f", "../../deploy/haproxy.cfg")
	cmd.Env = append(os.Environ(), "IMGSVC_LISTEN="+addr, "IMGSVC_DNS="+f.names.addr(),
		"IMGSVC_PORT="+f.port, "IMGSVC_ADMIN_PORT="+f.admin)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if f.t.Failed() {
			f.t.Logf("HAProxy:\n%s", &log)
		}
	})
	f.url = "http://" + addr + "/reviews/15?index=1"
	for deadline := time.Now().Add(fleetPatience); !answers(f.url); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatal("the balancer does not answer")
		}
	}
}

func answers(url string) bool {
	res, err := http.Get(url)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// nameServer knows one name, whatever it is asked for: the addresses of the instances that run. Docker's and
// Kubernetes' do the same.
type nameServer struct {
	conn *net.UDPConn

	mu  sync.Mutex
	ips []string // guarded by mu
}

// serveNames starts a name server that ends with the test.
func serveNames(t *testing.T) *nameServer {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{conn: conn}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.serve(t)
	}()
	t.Cleanup(func() {
		conn.Close()
		<-ended
	})
	return s
}

func (s *nameServer) addr() string { return s.conn.LocalAddr().String() }

func (s *nameServer) add(ip string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ips = append(s.ips, ip)
}

func (s *nameServer) remove(ip string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ips = slices.DeleteFunc(s.ips, func(known string) bool { return known == ip })
}

func (s *nameServer) serve(t *testing.T) {
	for packet := make([]byte, 4096); ; {
		n, from, err := s.conn.ReadFromUDPAddrPort(packet)
		if err != nil {
			return // it is closed
		}
		answer, err := s.answer(packet[:n])
		if err != nil {
			t.Errorf("a question to the name server: %v", err)
			return
		}
		_, _ = s.conn.WriteToUDPAddrPort(answer, from) // who hears nothing asks again
	}
}

func (s *nameServer) answer(packet []byte) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(packet)
	if err != nil {
		return nil, err
	}
	question, err := parser.Question()
	if err != nil {
		return nil, err
	}
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: header.ID, Response: true, RecursionAvailable: true},
		Questions: []dnsmessage.Question{question},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ip := range s.ips {
		if question.Type == dnsmessage.TypeA {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
				Body:   &dnsmessage.AResource{A: netip.MustParseAddr(ip).As4()},
			})
		}
	}
	return m.Pack()
}
