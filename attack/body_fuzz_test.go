package attack

import (
	"strings"
	"sync/atomic"
	"testing"
)

// FuzzDecode gives decoders bodies and codings that somebody made up: whatever they do, the bounds hold, and what could
// not be decoded says so.
func FuzzDecode(f *testing.F) {
	for _, coding := range []string{"gzip", "zlib", "raw", "br", "zstd"} {
		name := strings.NewReplacer("zlib", "deflate", "raw", "deflate").Replace(coding)
		f.Add(name, encode(f, "a listing with all its images", coding))
		f.Add(name+", identity,"+name, encode(f, strings.Repeat("x", 100_000), coding, coding))
	}
	f.Add("gzip", "")
	f.Add("deflate", "x")
	f.Add(",,,,,", "plain")
	d := &decoder{}
	f.Fuzz(func(t *testing.T, coding, body string) {
		const limit = 8 << 10
		var used atomic.Int64
		var a answer
		a.begin(limit, &used, int64(len(body)), []string{coding})
		a.add([]byte(body))
		if len(a.body.bytes) > 0 {
			d.decode(&a)
		}
		if len(a.body.bytes) > limit || used.Load() > 2*limit {
			t.Errorf("%d bytes kept, %d in use, of %d", len(a.body.bytes), used.Load(), limit)
		}
		if a.release(); used.Load() != 0 {
			t.Errorf("%d bytes stay in use", used.Load())
		}
	})
}

// FuzzCookies gives a jar lines that a service made up: the request they are put into stays one request.
func FuzzCookies(f *testing.F) {
	f.Add("a=1; Path=/", "/x", "b=2")
	f.Add("a=\"x y\"; Domain=shop.example; Max-Age=5", "/%zz?q", "a=1; c=3")
	f.Add("=; ;", "/", "")
	f.Fuzz(func(t *testing.T, line, target, own string) {
		if strings.ContainsAny(own, "\r\n\x00") {
			return // no header of a script has them
		}
		j := newJar()
		page := origin{addr: "shop.example:80", host: "shop.example"}
		request := []byte("GET " + string(appendTarget(nil, []byte(target))) + " HTTP/1.1\r\nHost: shop.example\r\nCookie: " + own + "\r\n\r\nbody")
		j.take(pageOf(page, request), []string{line})
		lines := strings.Split(string(j.stamp(request, page)), "\r\n")
		if len(lines) != 5 || lines[3] != "" || lines[4] != "body" {
			t.Errorf("the request becomes %q", lines)
		}
	})
}
