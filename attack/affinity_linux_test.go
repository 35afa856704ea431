package attack

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// TestListenerIsFound looks for a listener of this process, of a child that inherited it, and of nobody.
func TestListenerIsFound(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	if pid := listenerOf(context.Background(), port); pid != os.Getpid() {
		t.Errorf("process %d listens on our port, want %d", pid, os.Getpid())
	}
	if !mayShare(context.Background(), port) {
		t.Error("a process does not share its own cores")
	}

	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command("cat")
	child.ExtraFiles = append(child.ExtraFiles, file)
	input, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	file.Close()
	l.Close()
	if pid := listenerOf(context.Background(), port); pid != child.Process.Pid {
		t.Errorf("process %d listens on the port its child inherited, want %d", pid, child.Process.Pid)
	}
	input.Close()
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	if pid := listenerOf(context.Background(), port); pid != 0 {
		t.Errorf("process %d listens on a port that was closed", pid)
	}
}

// BenchmarkListenerOf is what the look at the service's cores costs before a run.
func BenchmarkListenerOf(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	for b.Loop() {
		if listenerOf(context.Background(), port) == 0 {
			b.Fatal("not found")
		}
	}
}
