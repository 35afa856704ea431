package attack

import (
	"bytes"
	"net/http"
)

// keepStream keeps what somebody wants of an answer over HTTP/2, before its body is read. Its head is written out as
// HTTP/1.1 would have it.
func (c *client) keepStream(resp *http.Response, to origin) {
	if lines := resp.Header["Set-Cookie"]; len(lines) > 0 && c.cookies {
		c.keepCookies(to, lines)
	}
	if c.wantsHead {
		var text bytes.Buffer
		text.WriteString("HTTP/2.0 " + resp.Status + "\r\n")
		_ = resp.Header.Write(&text) // a buffer takes everything
		c.noteHead(text.Bytes())
	}
	if c.keep {
		c.answer.begin(c.keepLimit(), &c.run.bodies, resp.ContentLength, resp.Header["Content-Encoding"])
	}
}

// keeper returns what gets the body of the present answer; nil: nobody.
func (c *client) keeper() *answer {
	if c.keep {
		return &c.answer
	}
	return nil
}
