package scenarios

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// MaxBody is how many bytes of a body are kept for captures and checks. What they make of it in memory can be some
// twenty times as much, for as long as they work on it.
const MaxBody = 8 << 20

// Answer is what came back, as captures and checks see it: that of the last hop.
type Answer struct {
	Status    int
	Head      []byte        // status line and header lines as they came, with or without the empty line behind them
	Body      []byte        // decoded; at most MaxBody bytes
	Truncated bool          // there was more
	URL       string        // of the request, for messages
	FirstByte time.Duration // request written → response head
}

// Header returns the value of a header, as Node has it: names are in lower case; Set-Cookie is a list; of some, the
// first counts; of the rest all are joined. It is undefined if there is no such header.
func (a *Answer) Header(name string) Value {
	if strings.ContainsAny(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		return Value{}
	}
	var found []string
	_, lines, _ := bytes.Cut(a.Head, []byte("\n"))
	for line := range bytes.Lines(lines) {
		key, value, ok := bytes.Cut(line, []byte(":"))
		if ok && strings.EqualFold(string(key), name) {
			found = append(found, latin1(bytes.TrimSpace(value)))
		}
	}
	switch {
	case name == "set-cookie" && found != nil:
		cookies := make([]any, len(found))
		for i, cookie := range found {
			cookies[i] = cookie
		}
		return Any(cookies)
	case found == nil:
		return Value{}
	case slices.Contains(firstCounts(), name):
		return Any(found[0])
	case name == "cookie":
		return Any(strings.Join(found, "; "))
	}
	return Any(strings.Join(found, ", "))
}

// firstCounts are the headers of which Node drops all but the first (http.IncomingMessage, message.headers).
func firstCounts() []string {
	return []string{"age", "authorization", "content-length", "content-type", "etag", "expires", "from", "host",
		"if-modified-since", "if-unmodified-since", "last-modified", "location", "max-forwards", "proxy-authorization",
		"referer", "retry-after", "server", "user-agent"}
}

// latin1 returns the text of a header's bytes: each is one character.
func latin1(value []byte) string {
	text := make([]rune, len(value))
	for i, b := range value {
		text[i] = rune(b)
	}
	return string(text)
}

var errTruncated = errors.New("the body is too long to be read whole")

// reading is an answer while captures and checks look at it: what one of them has parsed the others find.
type reading struct {
	*Answer
	text  *string
	valid *bool
	json  *parsed
	nodes *document
}

// parsed is a body as JSON.
type parsed struct {
	value Value
	order memberOrder
	err   error
}

// bodyText returns the body as text; bytes that are not UTF-8 become U+FFFD.
func (r *reading) bodyText() string {
	if r.text == nil {
		text := strings.ToValidUTF8(string(r.Body), "\uFFFD")
		r.text = &text
	}
	return *r.text
}

// bodyJSON returns the body as JSON. It is an error if it is none, is nested more than 10,000 levels deep, or was cut
// off.
func (r *reading) bodyJSON() (Value, error) {
	if r.json == nil {
		r.json = new(parsed)
		var plain any
		if r.json.err = r.whole(); r.json.err == nil {
			r.json.err = json.Unmarshal(r.Body, &plain)
		}
		if r.json.err == nil {
			r.json.value = Any(plain)
			r.json.order = memberOrder{root: plain, body: r.Body}
		}
	}
	return r.json.value, r.json.err
}

// order returns the document that bodyJSON has parsed.
func (r *reading) order() *memberOrder { return &r.json.order }

// whole is an error if there was more of the body than is kept.
func (r *reading) whole() error {
	if r.Truncated {
		return fmt.Errorf("%w: more than %d bytes", errTruncated, len(r.Body))
	}
	return nil
}
