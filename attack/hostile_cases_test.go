package attack

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

const (
	okLine  = "HTTP/1.1 200 OK\r\n"
	chunked = okLine + "Transfer-Encoding: chunked\r\n\r\n"
	hundred = okLine + "Content-Length: 100\r\n\r\n"
)

func hostileGroups(t *testing.T) []hostileGroup {
	return []hostileGroup{
		{"Heads", hostileHeads()},
		{"Status lines", hostileStatusLines()},
		{"Lengths and bodies", hostileBodies()},
		{"Chunks", hostileChunks()},
		{"What nobody asked for", hostileExtras()},
		{"Redirects and cookies", hostileRedirects()},
		{"Kept bodies", hostileKept(t)},
		{"TLS", hostileTLS(t)},
	}
}

func hostileHeads() []hostile {
	lines := strings.Repeat("X-A: b\r\n", 100_000)
	return []hostile{
		{fault: "header lines without end", does: "stops reading at 256 KiB", want: "HPE_HEADER_OVERFLOW", talk: floods(okLine, "X-A: b\r\n")},
		{fault: "a header line without end", does: "the same", want: "HPE_HEADER_OVERFLOW", talk: floods(okLine+"X: ", "y")},
		{fault: "a status line without end", does: "the same", want: "HPE_HEADER_OVERFLOW", talk: floods("HTTP/1.1 200 ", "O")},
		{fault: "100,000 headers", does: "the same", want: "HPE_HEADER_OVERFLOW", talk: says(okLine + lines + "\r\n")},
		{fault: "a value of 10 MB", does: "the same", want: "HPE_HEADER_OVERFLOW", talk: says(okLine + "X: " + strings.Repeat("y", 10_000_000) + "\r\n\r\n")},
		{fault: "a head of 200 KB", does: "reads it, and gives the memory back", want: "200",
			talk: says(okLine + "X: " + strings.Repeat("y", 200_000) + "\r\nContent-Length: 0\r\n\r\n")},
		{fault: "a head a byte at a time, for ever", does: "waits until the timeout, which runs on", want: "ETIMEDOUT", waits: true, talk: drips(okLine, "X-A: b\r\n")},
		{fault: "no answer", does: "waits until the timeout", want: "ETIMEDOUT", waits: true, talk: stays("")},
		{fault: "half a head, and silence", does: "waits until the timeout", want: "ETIMEDOUT", waits: true, talk: stays(okLine + "Content-Le")},
		{fault: "1xx answers without end", does: "passes over 256 KiB of them", want: "HPE_HEADER_OVERFLOW", talk: floods("", "HTTP/1.1 100 Continue\r\n\r\n")},
		{fault: "1xx answers one at a time, for ever", does: "waits until the timeout", want: "ETIMEDOUT", waits: true, talk: drips("", "HTTP/1.1 102 Processing\r\n\r\n")},
		{fault: "a header without a colon", does: "refuses it", want: "HPE_INVALID_HEADER_TOKEN", talk: says(okLine + "nonsense\r\n\r\n")},
		{fault: "a blank before the colon", does: "refuses it", want: "HPE_INVALID_HEADER_TOKEN", talk: says(okLine + "Content-Length : 4\r\n\r\nfine")},
		{fault: "a control character in a value", does: "refuses it", want: "HPE_INVALID_HEADER_TOKEN", talk: says(okLine + "X: a\x00b\r\nContent-Length: 0\r\n\r\n")},
		{fault: "a bare CR in a value", does: "refuses it", want: "HPE_INVALID_HEADER_TOKEN", talk: says(okLine + "X: a\rb\r\nContent-Length: 0\r\n\r\n")},
		{fault: "a folded Content-Length", does: "refuses it", want: "HPE_INVALID_HEADER_TOKEN", talk: says(okLine + "Content-Length: 1\r\n 2\r\n\r\nx")},
		{fault: "bytes beyond ASCII in a value", does: "takes them", want: "200", talk: says(okLine + "X: \xff\xfe\r\nContent-Length: 0\r\n\r\n")},
	}
}

func hostileStatusLines() []hostile {
	line := func(text, want, does string) hostile {
		return hostile{fault: "`" + strings.ReplaceAll(text, "\xff", `\xff`) + "`", does: does, want: want, talk: says(text + "\r\nContent-Length: 0\r\n\r\n")}
	}
	const refuses = "refuses it"
	return []hostile{
		line("HTTP/9.9 200 OK", "HPE_INVALID_VERSION", refuses), line("HTTP/2.0 200 OK", "HPE_INVALID_VERSION", refuses),
		line("HTTP/ 200 OK", "HPE_INVALID_VERSION", refuses), line("HTTP/1.1", "HPE_INVALID_VERSION", refuses),
		line("HTTP/1.1 99 Low", "HPE_INVALID_STATUS", refuses), line("HTTP/1.1 099 Low", "HPE_INVALID_STATUS", refuses),
		line("HTTP/1.1 1000 Long", "HPE_INVALID_STATUS", refuses), line("HTTP/1.1 abc OK", "HPE_INVALID_STATUS", refuses),
		line("HTTP/1.1 ", "HPE_INVALID_STATUS", refuses), line("HTTP/1.1 -20 OK", "HPE_INVALID_STATUS", refuses),
		line("200 OK", "HPE_INVALID_CONSTANT", refuses), line("http/1.1 200 OK", "HPE_INVALID_CONSTANT", refuses),
		line("\xff\xff\xff\xff", "HPE_INVALID_CONSTANT", refuses), line("220 smtp.example.com ESMTP", "HPE_INVALID_CONSTANT", refuses),
		line("HTTP/1.1 999 High", "999", "counts it; no success"), line("HTTP/1.1 200", "200", "takes it"),
		{fault: "an empty line", does: refuses, want: "HPE_INVALID_CONSTANT", talk: says("\r\n\r\n")},
		{fault: "HTTP/0.9: a body and nothing else", does: refuses, want: "HPE_INVALID_CONSTANT", talk: ends("<html>\n\nhello</html>\n")},
		{fault: "text without end", does: refuses, want: "HPE_INVALID_CONSTANT", talk: floods("", "nonsense ")},
		{fault: "a banner of another protocol, and silence", does: "refuses it at once", want: "HPE_INVALID_CONSTANT", talk: stays("220 smtp.example.com ESMTP\r\n")},
		{fault: "a TLS alert, and closed", does: refuses, want: "HPE_INVALID_CONSTANT", talk: ends("\x15\x03\x01\x00\x02\x02\x46")},
	}
}

func hostileBodies() []hostile {
	return []hostile{
		{fault: "a body without end, no length", does: "throws it away until the timeout", want: "ETIMEDOUT", waits: true, talk: floods(okLine+"\r\n", "x")},
		{fault: "a body without end, chunked", does: "the same", want: "ETIMEDOUT", waits: true, talk: floods(chunked, "5\r\nhello\r\n")},
		{fault: "a body of 8 EiB", does: "the same", want: "ETIMEDOUT", waits: true, talk: floods(okLine+"Content-Length: 9223372036854775807\r\n\r\n", "x")},
		{fault: "a body a byte at a time, for ever", does: "waits until the timeout, which runs on", want: "ETIMEDOUT", waits: true, talk: drips(okLine+"Content-Length: 1000000000\r\n\r\n", "x")},
		{fault: "chunks of a byte, one at a time, for ever", does: "the same", want: "ETIMEDOUT", waits: true, talk: drips(chunked, "1\r\nx\r\n")},
		{fault: "half a body, and silence", does: "waits until the timeout", want: "ETIMEDOUT", waits: true, talk: stays(hundred + "half")},
		{fault: "a body a byte at a time, in time", does: "takes it", want: "200", talk: func(c net.Conn) bool {
			io.WriteString(c, okLine+"Content-Length: 20\r\n\r\n")
			for range 20 {
				time.Sleep(time.Millisecond)
				io.WriteString(c, "x")
			}
			return true
		}},
		{fault: "less than Content-Length, and closed", does: "an error: nothing says that it is complete", want: "ECONNRESET", talk: ends(hundred + "short")},
		{fault: "a negative Content-Length", does: "refuses it", want: "HPE_INVALID_CONTENT_LENGTH", talk: says(okLine + "Content-Length: -1\r\n\r\n")},
		{fault: "a Content-Length beyond 63 bits", does: "refuses it", want: "HPE_INVALID_CONTENT_LENGTH", talk: says(okLine + "Content-Length: 9223372036854775808\r\n\r\n")},
		{fault: "a Content-Length that is none", does: "refuses it", want: "HPE_INVALID_CONTENT_LENGTH", talk: says(okLine + "Content-Length: 0x4\r\n\r\nfine")},
		{fault: "an empty Content-Length", does: "refuses it", want: "HPE_INVALID_CONTENT_LENGTH", talk: says(okLine + "Content-Length:\r\n\r\nfine")},
		{fault: "a list of Content-Lengths in one header", does: "refuses it", want: "HPE_INVALID_CONTENT_LENGTH", talk: says(okLine + "Content-Length: 4, 4\r\n\r\nfine")},
		{fault: "several Content-Lengths that differ", does: "refuses them", want: "HPE_UNEXPECTED_CONTENT_LENGTH", talk: says(okLine + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nfine!")},
		{fault: "several Content-Lengths that agree", does: "takes them", want: "200", talk: says(okLine + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nfine")},
		{fault: "Content-Length and Transfer-Encoding", does: "goes by the chunks (RFC 9112, 6.3)", want: "200", talk: says(okLine + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n")},
		{fault: "a Transfer-Encoding other than chunked", does: "refuses it", want: "HPE_INVALID_TRANSFER_ENCODING", talk: says(okLine + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")},
		{fault: "chunks in HTTP/1.0", does: "reads them, and gives the connection up", want: "200", fresh: true,
			talk: says("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n")},
	}
}

func hostileChunks() []hostile {
	const refuses = "refuses it"
	bad := func(fault, want, does, body string) hostile {
		return hostile{fault: fault, does: does, want: want, talk: says(chunked + body)}
	}
	long := strings.Repeat("y", 4000)
	return []hostile{
		bad("a size that is no hexadecimal number", "HPE_INVALID_CHUNK_SIZE", refuses, "xyz\r\nhello\r\n0\r\n\r\n"),
		bad("no size", "HPE_INVALID_CHUNK_SIZE", refuses, "\r\nhello\r\n0\r\n\r\n"),
		bad("a negative size", "HPE_INVALID_CHUNK_SIZE", refuses, "-1\r\nhello\r\n0\r\n\r\n"),
		bad("a size beyond 60 bits", "HPE_INVALID_CHUNK_SIZE", refuses, "ffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
		bad("a size of 20 digits", "HPE_INVALID_CHUNK_SIZE", refuses, "00000000000000000005\r\nhello\r\n0\r\n\r\n"),
		{fault: "a chunk of 1 EiB without end", does: "throws it away until the timeout", want: "ETIMEDOUT", waits: true, talk: floods(chunked+"fffffffffffffff\r\n", "x")},
		bad("no CRLF behind a chunk", "HPE_STRICT", refuses, "5\r\nhello5\r\nhello\r\n0\r\n\r\n"),
		bad("more bytes than the size says", "HPE_STRICT", refuses, "5\r\nhello!\r\n0\r\n\r\n"),
		bad("a bare LF behind a size", "HPE_CR_EXPECTED", refuses, "5\nhello\r\n0\r\n\r\n"),
		{fault: "an extension without end", does: "stops reading at 4 KiB", want: "HPE_CHUNK_EXTENSIONS_OVERFLOW", talk: floods(chunked+"5;", "y")},
		{fault: "chunks that are mostly extensions", does: "stops at 16 KiB more than small chunks take", want: "HPE_CHUNK_EXTENSIONS_OVERFLOW", talk: floods(chunked, "1;"+long+"\r\nx\r\n")},
		{fault: "an extension", does: "passes over it", want: "200", talk: says(chunked + "4;" + long + "\r\nfine\r\n0\r\n\r\n")},
		{fault: "trailers without end", does: "stops reading at 256 KiB", want: "HPE_HEADER_OVERFLOW", talk: floods(chunked+"0\r\n", "X-A: b\r\n")},
		{fault: "a trailer without end", does: "stops reading at 4 KiB", want: "HPE_HEADER_OVERFLOW", talk: floods(chunked+"0\r\nX: ", "y")},
		bad("a trailer that is none", "HPE_INVALID_HEADER_TOKEN", refuses, "0\r\nnonsense\r\n\r\n"),
		{fault: "no last chunk, and closed", does: "an error: nothing says that it is complete", want: "ECONNRESET", talk: ends(chunked + "5\r\nhello\r\n")},
		{fault: "no last chunk, and silence", does: "waits until the timeout", want: "ETIMEDOUT", waits: true, talk: stays(chunked + "5\r\nhello\r\n")},
	}
}

func hostileExtras() []hostile {
	const second = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
	const gives = "takes the answer, gives the connection up"
	method := func(name string) func(*Options, *scenarios.Request) {
		return func(_ *Options, bad *scenarios.Request) { bad.Method = name }
	}
	return []hostile{
		{fault: "more than Content-Length", does: gives, want: "200", fresh: true, talk: says(okLine + "Content-Length: 4\r\n\r\nfine!!")},
		{fault: "a long body, and more than Content-Length", does: gives, want: "200", fresh: true,
			talk: says(okLine + "Content-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_003))},
		{fault: "a second answer behind the first", does: gives, want: "200", fresh: true, talk: says(okAnswer + second)},
		{fault: "a second answer behind chunks", does: gives, want: "200", fresh: true, talk: says(chunked + "4\r\nfine\r\n0\r\n\r\n" + second)},
		{fault: "a 204 with a body", does: gives, want: "204", fresh: true, talk: says("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nfine")},
		{fault: "a 304 with a body", does: gives, want: "304", fresh: true, talk: says("HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nfine")},
		{fault: "a body in answer to HEAD", does: gives, want: "200", fresh: true, change: method("HEAD"), talk: says(okAnswer)},
		{fault: "101 to who did not ask for it", does: "counts it, gives the connection up", want: "101", fresh: true,
			talk: says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05hello")},
		{fault: "an answer before the request", does: "takes it: HTTP/1.1 has nothing to tell by", want: "200",
			accept: func(c net.Conn) { io.WriteString(c, politeReply); io.Copy(io.Discard, c) }},
		{fault: "an answer and a close before the request", does: "takes the answer", want: "503",
			accept: func(c net.Conn) {
				io.WriteString(c, "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
				c.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, c)
			}},
		{fault: "closed before the request", does: "an error on a new connection; a kept one is replaced", want: "ECONNRESET",
			accept: func(c net.Conn) { c.(*net.TCPConn).CloseWrite(); io.Copy(io.Discard, c) }},
	}
}

func hostileRedirects() []hostile {
	to := func(fault, location, user string, also ...string) hostile {
		return hostile{fault: fault, does: "counts the redirect, ends the walk: `" + user + "`", want: "302", also: also, user: user,
			talk: says("HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n")}
	}
	loop := to("a redirect to itself", "/bad", keyRedirects)
	loop.does = "follows ten, each a request of its own, then ends the walk: `" + keyRedirects + "`"
	for range maxRedirects {
		loop.also = append(loop.also, "302")
	}
	dead := to("a redirect to a port nobody listens at", "http://127.0.0.1:1/", "", "ECONNREFUSED")
	dead.does = "counts the redirect and the error behind it"
	empty := to("a redirect without a Location", "", "")
	empty.does = "counts it, follows nothing"
	long := to("a Location of 200 KB", "/good?"+strings.Repeat("q", 200_000), "", "200")
	long.does, long.most = "follows it", 4<<10
	cookies := func(lines string) func(net.Conn) bool { return says(okLine + lines + "Content-Length: 0\r\n\r\n") }
	var many strings.Builder
	for i := range 5_000 {
		fmt.Fprintf(&many, "Set-Cookie: c%d=12345678\r\n", i)
	}
	return []hostile{
		loop, dead, empty, long,
		to("a redirect to another scheme", "ftp://127.0.0.1/", keyInvalidURL),
		to("a redirect to a script", "javascript:alert(1)", keyInvalidURL),
		to("a redirect to half a host", "http://[::1", keyInvalidURL),
		to("a redirect to no host", "http://", keyInvalidURL),
		to("a redirect to nonsense", "http://a b/%zz", keyInvalidURL),
		{fault: "a cookie of 200 KB", does: "leaves it out, and the report says so", want: "200", most: 2 << 10, talk: cookies("Set-Cookie: a=" + strings.Repeat("c", 200_000) + "\r\n")},
		{fault: "15,000 cookies, more than a head may have", does: "stops reading at 256 KiB", want: "HPE_HEADER_OVERFLOW", talk: cookies(strings.Repeat(many.String(), 3))},
		{fault: "5,000 cookies", does: "keeps 32 KiB of them for this walk, and the report says so", want: "200", most: 16 << 10, talk: cookies(many.String())},
		{fault: "cookies that are none", does: "passes over them", want: "200", talk: cookies(strings.Repeat("Set-Cookie: ; =\x80;;\r\n", 100))},
	}
}
