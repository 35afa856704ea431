package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/starkillersystems/imgsvc/server/store"
)

func TestListings(t *testing.T) {
	service := start(t, Config{})
	two := newListing(2)
	whole := string(two.JSON())
	one := fmt.Sprintf(`{"id":2,"index":4,"count":5,"image":%s}`, two.Image(4))
	for _, test := range []struct {
		path, want string
	}{
		{"/listings/2", whole},
		{"/reviews/2", whole},
		{"/reviews/02", whole},
		{"/reviews/%32", whole},
		{"/reviews/2?", whole},
		{"/reviews/2?page=7", whole},
		{"/reviews/2?index=4", one},
		{"/listings/2?index=4", one},
		{"/reviews/2?index=%34", one},
		{"/reviews/2?page=7&index=4", one},
		{"/reviews/0?index=0", fmt.Sprintf(`{"id":0,"index":0,"count":3,"image":%s}`, newListing(0).Image(0))},
		{"/listings/9", string(newListing(9).JSON())},
	} {
		t.Run(test.path, func(t *testing.T) {
			c := service.dial(t)
			got := c.get(test.path)
			if got.StatusCode != http.StatusOK || got.body != test.want {
				t.Errorf("status %d, body %s\nwant %s", got.StatusCode, got.body, test.want)
			}
			checkHead(t, c, test.path, got)
			if !json.Valid([]byte(got.body)) {
				t.Errorf("not JSON: %s", got.body)
			}
		})
	}
}

// checkHead checks the header of an answer to GET, and that HEAD has the same one and no body.
func checkHead(t *testing.T, c *client, path string, got answer) {
	t.Helper()
	if kind := got.Header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type %q", kind)
	}
	if length := got.Header.Get("Content-Length"); length != strconv.Itoa(len(got.body)) {
		t.Errorf("Content-Length %q, and a body of %d bytes", length, len(got.body))
	}
	c.send("HEAD %s HTTP/1.1\nHost: test\n\n", path)
	head := c.receive("HEAD")
	for _, name := range []string{"Content-Type", "Content-Length", "Etag", "Retry-After", "Allow"} {
		if head.Header.Get(name) != got.Header.Get(name) {
			t.Errorf("HEAD has %s: %q, GET %q", name, head.Header.Get(name), got.Header.Get(name))
		}
	}
	if head.StatusCode != got.StatusCode || head.body != "" {
		t.Errorf("HEAD has status %d and body %q", head.StatusCode, head.body)
	}
}

func TestRefusals(t *testing.T) {
	service := start(t, Config{})
	for _, test := range []struct {
		path   string
		status int
		reason string // what it must mention
	}{
		{"/reviews/10", 404, "no listing 10"},
		{"/reviews/9223372036854775807", 404, "no listing 9223372036854775807"},
		{"/reviews/9223372036854775808", 400, "whole number"},
		{"/reviews/99999999999999999999999", 400, "whole number"},
		{"/reviews/abc", 400, `\"abc\"`},
		{"/reviews/-1", 400, "whole number"},
		{"/reviews/+1", 400, "whole number"},
		{"/reviews/1.0", 400, "whole number"},
		{"/reviews/0x1", 400, "whole number"},
		{"/reviews/%00", 400, "whole number"},
		{"/reviews/", 404, "nothing here"},
		{"/reviews/2?index=5", 404, "5 images"},
		{"/reviews/2?index=9223372036854775807", 404, "5 images"},
		{"/reviews/2?index=9223372036854775808", 400, "index"},
		{"/reviews/2?index=", 400, "index"},
		{"/reviews/2?index", 400, "index"},
		{"/reviews/2?index=-1", 400, "index"},
		{"/reviews/2?index=+1", 400, "index"},
		{"/reviews/2?index=1.5", 400, "index"},
		{"/reviews/2?index=1&index=2", 400, "2 times"},
		{"/reviews/2?index=1;index=2", 400, "query"},
		{"/reviews/2?index=%zz", 400, "query"},
		{"/reviews/x?index=1", 400, "id"},
		{"/reviews/10?index=1", 404, "no listing 10"},
		{"/reviews/1/2", 404, "nothing here"},
		{"/reviews", 404, "nothing here"},
		{"/", 404, "nothing here"},
		{"/listing/1", 404, "nothing here"},
		{"//reviews/1", 404, "nothing here"},
		{"/reviews/" + strings.Repeat("1", 3000), 414, "2048"},
	} {
		t.Run(test.path[:min(40, len(test.path))], func(t *testing.T) {
			c := service.dial(t)
			got := c.get(test.path)
			checkRefusal(t, got, test.status, test.reason)
			checkHead(t, c, test.path, got)
		})
	}
}

// checkRefusal checks that the answer has this status and a JSON body with an error that mentions reason.
func checkRefusal(t *testing.T, got answer, status int, reason string) {
	t.Helper()
	if got.StatusCode != status {
		t.Errorf("status %d, want %d", got.StatusCode, status)
	}
	var body map[string]string
	if err := json.Unmarshal([]byte(got.body), &body); err != nil || len(body) != 1 || body["error"] == "" {
		t.Errorf("body %q, want {\"error\":…}", got.body)
	}
	if !strings.Contains(got.body, reason) {
		t.Errorf("body %s does not mention %q", got.body, reason)
	}
}

func TestMethods(t *testing.T) {
	service := start(t, Config{})
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "BREW"} {
		t.Run(method, func(t *testing.T) {
			c := service.dial(t)
			c.send("%s /reviews/2 HTTP/1.1\nHost: test\nContent-Length: 2\n\n{}", method)
			got := c.receive(method)
			checkRefusal(t, got, http.StatusMethodNotAllowed, method)
			if allow := got.Header.Get("Allow"); allow != "OPTIONS, GET, HEAD" {
				t.Errorf("Allow: %q", allow)
			}
			if next := c.get("/listings/2"); next.StatusCode != http.StatusOK {
				t.Errorf("the next request on the connection has status %d", next.StatusCode)
			}
		})
	}
	t.Run("OPTIONS", func(t *testing.T) {
		c := service.dial(t)
		for path, want := range map[string]string{
			"/reviews/2": "OPTIONS, GET, HEAD", "/listings/2": "OPTIONS, DELETE, GET, HEAD, PUT", "/listings/2/images": "OPTIONS, POST",
		} {
			c.send("OPTIONS %s HTTP/1.1\nHost: test\n\n", path)
			if got := c.receive("OPTIONS"); got.StatusCode != http.StatusNoContent || got.Header.Get("Allow") != want {
				t.Errorf("%s: status %d, Allow: %q, want %q", path, got.StatusCode, got.Header.Get("Allow"), want)
			}
		}
	})
}

func TestConditional(t *testing.T) {
	service := start(t, Config{})
	c := service.dial(t)
	tag := c.get("/reviews/2?index=1").Header.Get("Etag")
	if want := string(newListing(2).AppendTag(nil)); tag != want || !strings.HasPrefix(tag, `"`) {
		t.Fatalf("tag %s, want %s", tag, want)
	}
	for _, test := range []struct {
		header string
		status int
	}{
		{tag, 304},
		{"W/" + tag, 304},
		{"*", 304},
		{`"a", ` + tag, 304},
		{`"a,b" ,W/` + tag + `, "c"`, 304},
		{"\"a\"\nIf-None-Match: " + tag, 304},
		{`"a"`, 200},
		{`W/"a"`, 200},
		{`"` + tag, 200},
		{strings.Trim(tag, `"`), 200},
		{`"*"`, 200},
		{"", 200},
		{",", 200},
		{`"`, 200},
		{"w/" + tag, 200},
	} {
		t.Run(test.header, func(t *testing.T) {
			c := service.dial(t)
			c.send("GET /reviews/2?index=1 HTTP/1.1\nHost: test\nIf-None-Match: %s\n\n", test.header)
			got := c.receive("GET")
			if got.StatusCode != test.status || got.Header.Get("Etag") != tag {
				t.Errorf("status %d, tag %s, want %d, %s", got.StatusCode, got.Header.Get("Etag"), test.status, tag)
			}
			if (got.body == "") != (test.status == http.StatusNotModified) {
				t.Errorf("status %d with body %q", got.StatusCode, got.body)
			}
			if next := c.get("/listings/2"); next.body != string(newListing(2).JSON()) {
				t.Errorf("the next answer on the connection is %q", next.body)
			}
		})
	}
}

// TestContentLength checks the sizes at which net/http stops counting for us.
func TestContentLength(t *testing.T) {
	for size := uncounted - 3; size <= uncounted+3; size++ {
		text := `{"images":[` + strings.Repeat(" ", size-len(`{"images":[{}]}`)) + `{}]}`
		listing, err := store.ParseListing(store.AppendListing(nil, []byte(text), []int{len(text) - 4}, len(text)-2))
		if err != nil {
			t.Fatal(err)
		}
		service := start(t, Config{Finder: finderFunc(func(context.Context, int64) (store.Listing, error) {
			return listing, nil
		})})
		c := service.dial(t)
		got := c.get("/listings/1")
		if got.body != text || got.TransferEncoding != nil {
			t.Errorf("%d bytes: got %d, Transfer-Encoding %v", size, len(got.body), got.TransferEncoding)
		}
		checkHead(t, c, "/listings/1", got)
	}
}

func TestStoreTrouble(t *testing.T) {
	for _, test := range []struct {
		name   string
		err    error
		status int
		retry  string
	}{
		{"timeout", fmt.Errorf("no answer within 2s: %w", context.DeadlineExceeded), 503, "1"},
		{"failure", errors.New("disk on fire at /secret/place"), 503, "1"},
		{"cancelled", context.Canceled, 503, "1"},
		{"corrupt", fmt.Errorf("listing 7: %w", store.ErrCorrupt), 500, ""},
		{"wrapped", fmt.Errorf("find listing 7: %w", store.ErrNotFound), 404, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			service := start(t, Config{Finder: finderFunc(func(context.Context, int64) (store.Listing, error) {
				return store.Listing{}, test.err
			})})
			c := service.dial(t)
			got := c.get("/listings/7")
			checkRefusal(t, got, test.status, "")
			if retry := got.Header.Get("Retry-After"); retry != test.retry {
				t.Errorf("Retry-After: %q, want %q", retry, test.retry)
			}
			if strings.Contains(got.body, "secret") {
				t.Errorf("body %s tells what is only for the log", got.body)
			}
			checkHead(t, c, "/listings/7", got)
		})
	}
}
