package attack

import (
	"fmt"
	"strings"
	"testing"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// hostileKept are bodies that somebody wants: for --results here, for captures in the same way.
func hostileKept(t *testing.T) []hostile {
	bomb := strings.Repeat("\x00", 16<<20)
	keeps := func(o *Options, _ *scenarios.Request) { o.Results = func(*Result) {} }
	packed := func(fault, name string, most int, codings ...string) hostile {
		body := encode(t, bomb, codings...)
		return hostile{
			fault: fault, does: "keeps the first 1 MiB of what it decodes to", want: "200", change: keeps, most: most,
			talk: says(fmt.Sprintf("%sContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", okLine, name, len(body), body)),
		}
	}
	damaged := func(fault, name, body string) hostile {
		return hostile{
			fault: fault, does: "keeps it as it came, and the report says so", want: "200", change: keeps, most: 24 << 10,
			talk: says(fmt.Sprintf("%sContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", okLine, name, len(body), body)),
		}
	}
	cases := []hostile{
		packed("16 MiB in gzip", "gzip", 8<<10, "gzip"),
		packed("16 MiB in deflate", "deflate", 8<<10, "zlib"),
		packed("16 MiB in deflate without its wrapping", "deflate", 8<<10, "raw"),
		packed("16 MiB in br", "br", 24<<10, "br"),
		packed("16 MiB in zstd", "zstd", 24<<10, "zstd"),
		packed("16 MiB in gzip in gzip", "gzip, gzip", 8<<10, "gzip", "gzip"),
		damaged("gzip five times over", "gzip, gzip, gzip, gzip, gzip", "x"),
		damaged("a coding nobody knows", "compress", "x"),
		damaged("gzip that is none", "gzip", strings.Repeat("?", 1000)),
		damaged("gzip that breaks off", "gzip", encode(t, strings.Repeat("listing ", 1000), "gzip")[:40]),
		damaged("br that is none", "br", strings.Repeat("\xff", 1000)),
		damaged("zstd with a window of 2 GiB", "zstd", "\x28\xb5\x2f\xfd\x00\xa8"+strings.Repeat("\x00", 100)),
		{fault: "a body without end that is to be kept", does: "keeps the first 1 MiB until the timeout", want: "ETIMEDOUT", waits: true, change: keeps,
			most: 8 << 10, talk: floods(okLine+"\r\n", "x")},
		{fault: "a Content-Length of 8 EiB that is to be kept", does: "makes room for 1 MiB", want: "ECONNRESET", change: keeps,
			most: 4 << 10, talk: ends(okLine + "Content-Length: 9223372036854775807\r\n\r\nx")},
	}
	return cases
}
