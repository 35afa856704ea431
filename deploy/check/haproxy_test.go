package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

const haproxyConfig = root + "/deploy/haproxy.cfg"

// TestHAProxyConfig has HAProxy read its configuration, as it stands and with other addresses.
func TestHAProxyConfig(t *testing.T) {
	haproxy, err := exec.LookPath("haproxy")
	if err != nil {
		haproxy, err = exec.LookPath("/usr/sbin/haproxy") // where Debian has it, not in everybody's PATH
	}
	switch {
	case err == nil:
	case os.Getenv("IMGSVC_TEST_REAL") == "1":
		t.Fatal("no haproxy here: install Debian's package haproxy")
	default:
		t.Skip("no haproxy here: install Debian's package haproxy to run this")
	}
	for _, env := range [][]string{nil, {"IMGSVC_LISTEN=127.0.0.1:4000", "IMGSVC_DNS=127.0.0.1:53", "IMGSVC_PORT=4001", "IMGSVC_ADMIN_PORT=4002"}} {
		cmd := exec.Command(haproxy, "-c", "-dW", "-f", haproxyConfig) // a warning is an error
		cmd.Env = append(os.Environ(), env...)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("haproxy -c with %v: %v\n%s", env, err, text)
		}
	}
}

// noticedWithin returns how long HAProxy may take to notice that an instance is not ready: it has just looked, and then
// hears nothing for as long as it waits, as often as it takes.
func noticedWithin(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(haproxyConfig))
	if err != nil {
		t.Fatal(err)
	}
	find := func(pattern string) string {
		match := regexp.MustCompile(pattern).FindSubmatch(text)
		if match == nil {
			t.Fatalf("%s has no %s", haproxyConfig, pattern)
		}
		return string(match[1])
	}
	fall, err := strconv.Atoi(find(`fall (\d+)`))
	if err != nil {
		t.Fatal(err)
	}
	return duration(t, find(`inter (\d+m?s)`)) + time.Duration(fall)*duration(t, find(`timeout check (\d+m?s)`))
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
