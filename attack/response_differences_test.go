package attack

import (
	"regexp"
	"strings"
	"testing"
)

// way is how two readers differ.
type way int

const (
	stricter  way = iota + 1 // we refuse what net/http takes
	laxer                    // we take what net/http refuses
	otherwise                // both take it, and understand it differently
)

func wayOf(ours, theirs reading) way {
	switch {
	case ours.err != nil && theirs.err == nil:
		return stricter
	case ours.err == nil && theirs.err != nil:
		return laxer
	}
	return otherwise
}

// difference is one that is meant between our reader of answers and net/http's.
type difference struct {
	way     way // 0: any
	name    string
	reason  string
	example string                        // of two answers read differently
	applies func(heads, body string) bool // to an answer whose heads, up to the last one's blank line, and body these are
}

// matches returns a condition on the heads of an answer.
func matches(pattern string) func(heads, body string) bool {
	expression := regexp.MustCompile(pattern)
	return func(heads, _ string) bool { return expression.MatchString(heads) }
}

// differences are all that are meant.
func differences() []difference {
	nameWithBlank := regexp.MustCompile(`(?m)^[^:\r\n]* [^:\r\n]*:`)
	const ok, chunked = "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	return []difference{
		{
			stricter, "versions", "attacks speak HTTP/1.1, and a service that answers otherwise is not understood",
			"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", matches(`(?m)^HTTP/([^1]\.|1\.[^01])`),
		}, {
			stricter, "status", "a status is three digits from 100 on, behind one blank: net/http takes 099, +99 and more blanks",
			"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n", matches(`(?m)^HTTP/\S* +([+ -]|0|[^ ]*[^ \d\r\n])`),
		}, {
			stricter, "blank before the colon", "RFC 9112, section 5.1, forbids it, and it hides lengths from who reads on",
			ok + "Content-Length : 5\r\n\r\nhello",
			func(heads, trailers string) bool { return nameWithBlank.MatchString(heads + trailers) },
		}, {
			stricter, "folded lengths", "no service means it: a line that continues Content-Length, Transfer-Encoding, Connection or Location",
			ok + "Content-Length:\r\n 5\r\n\r\nhello", matches(`(?mi)^(content-length|transfer-encoding|connection|location)[ \t]*:[^\n]*\n[ \t]`),
		}, {
			otherwise, "folded values", "nothing that is used of other headers is folded; what is kept of them is their first line",
			ok + "X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n", matches(`\n[ \t]`),
		}, {
			laxer, "equal lengths", "05 is 5: lengths are compared as numbers",
			ok + "Content-Length: 5\r\nContent-Length: 05\r\n\r\nhello", matches(`(?mi)^content-length[ \t]*:[ \t]*0\d`),
		}, {
			0, "chunks in HTTP/1.0", "what says that it is chunked is, as for Node; the connection is not used again",
			"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
			matches(`(?mi)^HTTP/1\.0 [\s\S]*^transfer-encoding[ \t]*:`),
		}, {
			laxer, "names of trailers", "trailers are passed over, so that it does not matter what is announced",
			ok + "Trailer: Content-Length\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", matches(`(?mi)^trailer[ \t]*:`),
		}, {
			laxer, "long trailers", "they may be as long as a head; net/http takes what fits into its buffer, 4 KiB",
			chunked + "0\r\n" + strings.Repeat("X-A: b\r\n", 600) + "\r\n",
			func(_, body string) bool { return len(body) > 4000 },
		}, {
			stricter, "lines of trailers", "all lines of a chunked body end in CRLF; net/http wants that of the last one",
			chunked + "0\r\nA: b\nC: d\r\n\r\n", func(_, body string) bool { return regexp.MustCompile(`[^\r]\n`).MatchString(body) },
		}, {
			laxer, "blanks before extensions", "RFC 9112, section 7.1.1, has recipients take them",
			chunked + "1 ;x\r\nx\r\n0\r\n\r\n", func(_, body string) bool { return regexp.MustCompile(`(?m)^[0-9a-fA-F]+[ \t]+;`).MatchString(body) },
		}, {
			stricter, "long heads", "a head has at most 256 KiB; net/http's own bound is its transport's",
			ok + strings.Repeat("X-A: b\r\n", 40_000) + "Content-Length: 0\r\n\r\n",
			func(heads, _ string) bool { return len(heads) > maxHead },
		},
	}
}

// intended reports whether two readings of an answer are meant to differ as they do.
func intended(known []difference, data string, ours, theirs reading) bool {
	heads, body := splitHeads(data)
	for _, d := range known {
		if (d.way == 0 || d.way == wayOf(ours, theirs)) && d.applies(heads, body) {
			return true
		}
	}
	return false
}

// splitHeads splits an answer behind its last head: informational ones come before it.
func splitHeads(data string) (heads, body string) {
	rest := data
	for {
		end := headEnd([]byte(rest), 0)
		if end == 0 {
			return data, ""
		}
		informational := strings.HasPrefix(rest, "HTTP/1.") && len(rest) > 12 && rest[9] == '1' && rest[9:12] != "101"
		if rest = rest[end:]; !informational {
			return data[:len(data)-len(rest)], rest
		}
	}
}

// Each difference is one: its example is read differently, and no other condition covers it.
func TestIntendedDifferences(t *testing.T) {
	for _, d := range differences() {
		ours, _ := readOurs("GET", d.example, 1<<20)
		theirs := readTheirs("GET", d.example)
		if ours.differ(theirs) == "" || d.way != 0 && d.way != wayOf(ours, theirs) {
			t.Errorf("%s: %.60q is read as %.80v, by net/http as %.80v", d.name, d.example, ours, theirs)
		}
		heads, body := splitHeads(d.example)
		for _, other := range differences() {
			applies := other.way == d.way && other.applies(heads, body)
			if applies != (other.name == d.name) {
				t.Errorf("%s: the condition of %q applies: %v", d.name, other.name, applies)
			}
		}
	}
}
