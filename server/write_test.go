package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/starkillersystems/imgsvc/server/store"
)

const testToken = "an-open-sesame"

// ledger is a store in memory that can be written.
type ledger struct {
	mu       sync.Mutex
	listings map[int64]store.Listing
	trouble  error
}

func (l *ledger) FindListing(_ context.Context, id int64) (store.Listing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if found, ok := l.listings[id]; ok {
		return found, nil
	}
	return store.Listing{}, store.ErrNotFound
}

func (l *ledger) ChangeListing(_ context.Context, id int64, change store.Change) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.trouble != nil {
		return l.trouble
	}
	renewed, err := change(l.listings[id])
	if err != nil {
		return err
	}
	if delete(l.listings, id); !renewed.IsZero() {
		l.listings[id] = renewed
	}
	return nil
}

// startWriting starts a service on a ledger that holds listing 7.
func startWriting(t *testing.T) (*running, *ledger) {
	t.Helper()
	record, err := store.ParseRecord([]byte(listingJSON("seven")), 7)
	if err != nil {
		t.Fatal(err)
	}
	seven, err := record.Encode()
	if err != nil {
		t.Fatal(err)
	}
	l := &ledger{listings: map[int64]store.Listing{7: seven}}
	return start(t, Config{Finder: l, Writer: l, WriteToken: testToken}), l
}

// listingJSON is a listing as a client writes one.
func listingJSON(title string) string {
	image := `{"url":"/a.jpg","caption":"A","width":3,"height":2}`
	return `{"title":"` + title + `","description":"","price":10,"bedrooms":1,"rating":4.5,"reviews":0,"keywords":[],"images":[` +
		strings.Repeat(image+",", 2) + image + `]}`
}

const imageJSON = `{"url":"/b.jpg","caption":"B","width":3,"height":2}`

// write sends a request that would write, with the token and what else header has, one line each.
func (c *client) write(method, path, header, body string) answer {
	c.t.Helper()
	if !strings.Contains(header, "Authorization") {
		header += "Authorization: Bearer " + testToken + "\n"
	}
	if !strings.Contains(header, "Content-Type") {
		header += "Content-Type: application/json\n"
	}
	c.send("%s %s HTTP/1.1\nHost: test\n%sContent-Length: %d\n\n", method, path, header, len(body))
	c.send("%s", body)
	return c.receive(method)
}

func TestWriting(t *testing.T) {
	service, _ := startWriting(t)
	c := service.dial(t)
	tag := c.get("/listings/7").Header.Get("Etag")
	for _, test := range []struct {
		method, path, body string
		status             int
		location           string
	}{
		{"PUT", "/listings/7", listingJSON("other"), 200, ""},
		{"PUT", "/listings/8", listingJSON("new"), 201, "/listings/8"},
		{"PUT", "/listings/8", listingJSON("new"), 200, ""},
		{"PUT", "/listings/9007199254740991", listingJSON("last"), 201, "/listings/9007199254740991"},
		{"POST", "/listings/8/images", imageJSON, 201, "/listings/8?index=3"},
		{"POST", "/listings/8/images", `{"index":4,` + imageJSON[1:], 201, "/listings/8?index=4"},
		{"DELETE", "/listings/7", "", 204, ""},
	} {
		got := c.write(test.method, test.path, "", test.body)
		if got.StatusCode != test.status || got.Header.Get("Location") != test.location {
			t.Errorf("%s %s: status %d, Location %q, %s", test.method, test.path, got.StatusCode, got.Header.Get("Location"), got.body)
		}
		if test.status == 204 {
			continue
		}
		where := test.path
		if test.location != "" {
			where = test.location
		}
		if read := c.get(where); read.body != got.body || read.Header.Get("Etag") != got.Header.Get("Etag") {
			t.Errorf("%s %s answers %s, and a read afterwards %s", test.method, test.path, got.body, read.body)
		}
	}
	if got := c.get("/listings/7"); got.StatusCode != 404 {
		t.Errorf("a deleted listing: status %d", got.StatusCode)
	}
	if got := c.get("/listings/8"); got.Header.Get("Etag") == tag || !strings.Contains(got.body, `"count":5`) {
		t.Errorf("listing 8: %s", got.body)
	}
	metrics := c.get("/metrics").body
	for _, line := range []string{`{op="put",outcome="created"} 2`, `{op="put",outcome="replaced"} 2`, `{op="image",outcome="replaced"} 2`,
		`{op="delete",outcome="deleted"} 1`} {
		if !strings.Contains(metrics, "\nimgsvc_writes_total"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if !strings.Contains(metrics, `imgsvc_request_duration_seconds_count{route="PUT /listings/{id}",status="201"} 2`) {
		t.Error("writes are not counted as requests")
	}
}

// TestWritesRefused sends what must not be written. Nothing is, and the connection stays of use.
func TestWritesRefused(t *testing.T) {
	service, l := startWriting(t)
	before := l.listings[7]
	good := listingJSON("other")
	for _, test := range []struct {
		name, method, path, header, body string
		status                           int
		reason                           string
	}{
		{"no token", "PUT", "/listings/7", "Authorization-Not: x\n", good, 401, "Authorization: Bearer TOKEN"},
		{"another token", "PUT", "/listings/7", "Authorization: Bearer an-open-sesam\n", good, 401, "not Bearer and the write token"},
		{"a longer token", "PUT", "/listings/7", "Authorization: Bearer " + testToken + "x\n", good, 401, "write token"},
		{"basic", "PUT", "/listings/7", "Authorization: Basic " + testToken + "\n", good, 401, "not Bearer"},
		{"two tokens", "DELETE", "/listings/7", "Authorization: Bearer x\nAuthorization: Bearer " + testToken + "\n", "", 401, "write token"},
		{"an empty token", "POST", "/listings/7/images", "Authorization: Bearer \n", imageJSON, 401, "write token"},
		{"a form", "PUT", "/listings/7", "Content-Type: application/x-www-form-urlencoded\n", good, 415, "want application/json"},
		{"Latin-1", "PUT", "/listings/7", "Content-Type: application/json; charset=latin1\n", good, 415, "in UTF-8"},
		{"gzip", "PUT", "/listings/7", "Content-Encoding: gzip\n", good, 415, "as it is"},
		{"half a body", "PUT", "/listings/7", "", good[:50], 400, "not JSON"},
		{"no body", "PUT", "/listings/7", "", "", 400, "it is empty"},
		{"two images", "PUT", "/listings/7", "", strings.Replace(good, `{"url":"/a.jpg","caption":"A","width":3,"height":2},`, "", 1), 422, "images has 2 entries: want 3 to 32"},
		{"unknown field", "PUT", "/listings/7", "", `{"colour":1,` + good[1:], 422, "colour is no field here"},
		{"another id", "PUT", "/listings/7", "", `{"id":8,` + good[1:], 422, "id is 8, and the path says 7"},
		{"a huge id", "PUT", "/listings/9007199254740992", "", good, 400, "too large to be written"},
		{"no id", "PUT", "/listings/x", "", good, 400, "whole number"},
		{"no image", "POST", "/listings/7/images", "", `[]`, 422, "want an object"},
		{"half an image", "POST", "/listings/7/images", "", `{`, 400, "not JSON"},
		{"an image elsewhere", "POST", "/listings/7/images", "", `{"index":2,` + imageJSON[1:], 422, "would have index 3"},
		{"an image for nothing", "POST", "/listings/6/images", "", imageJSON, 404, "no listing 6"},
		{"nothing to delete", "DELETE", "/listings/6", "", "", 404, "no listing 6"},
		{"another tag", "PUT", "/listings/7", "If-Match: \"a\"\n", good, 412, "has changed: its tag is"},
		{"a weak tag", "PUT", "/listings/7", "If-Match: W/" + before.Tag()[0] + "\n", good, 412, "If-Match"},
		{"a tag of nothing", "PUT", "/listings/6", "If-Match: *\n", good, 412, "no such listing"},
		{"only if new", "PUT", "/listings/7", "If-None-Match: *\n", good, 412, "there is such a listing"},
		{"delete another", "DELETE", "/listings/7", "If-Match: \"a\"\n", "", 412, "If-Match"},
		{"add to another", "POST", "/listings/7/images", "If-Match: \"a\"\n", imageJSON, 412, "If-Match"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := service.dial(t)
			got := c.write(test.method, test.path, test.header, test.body)
			checkRefusal(t, got, test.status, test.reason)
			if challenge := got.Header.Get("WWW-Authenticate"); (challenge != "") != (test.status == 401) {
				t.Errorf("status %d with WWW-Authenticate %q", got.StatusCode, challenge)
			}
			if strings.Contains(got.body, testToken) {
				t.Errorf("the answer tells the token: %s", got.body)
			}
			if next := c.get("/listings/7"); next.body != string(before.JSON()) {
				t.Errorf("afterwards listing 7 is %s", next.body)
			}
		})
	}
	if len(l.listings) != 1 {
		t.Errorf("%d listings", len(l.listings))
	}
}

func TestBodiesTooLong(t *testing.T) {
	service, _ := startWriting(t)
	body := listingJSON(strings.Repeat("x", 64<<10))
	c := service.dial(t)
	checkRefusal(t, c.write("PUT", "/listings/7", "", body), 413, "more than 65536 bytes")
	c.closed()
	c = service.dial(t)
	c.send("PUT /listings/7 HTTP/1.1\nHost: test\nAuthorization: Bearer %s\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n", testToken)
	c.send("%x\n%s\n0\n\n", len(body), body)
	checkRefusal(t, c.receive("PUT"), 413, "more than 65536 bytes")
}

// TestMostImages adds images to a listing until it has as many as there can be.
func TestMostImages(t *testing.T) {
	service, _ := startWriting(t)
	c := service.dial(t)
	for n := 3; n < store.MaxImages; n++ {
		got := c.write("POST", "/listings/7/images", "", imageJSON)
		var added struct{ Index, Count int }
		if err := json.Unmarshal([]byte(got.body), &added); err != nil || got.StatusCode != 201 || added.Index != n || added.Count != n+1 {
			t.Fatalf("image %d: status %d, %s", n, got.StatusCode, got.body)
		}
	}
	checkRefusal(t, c.write("POST", "/listings/7/images", "", imageJSON), 422, "has 32 images, and 32 are the most")
}

// TestConditionsHold: with the tag of what was read a write goes through, once.
func TestConditionsHold(t *testing.T) {
	service, _ := startWriting(t)
	c := service.dial(t)
	tag := c.get("/listings/7").Header.Get("Etag")
	header := "If-Match: \"a\", " + tag + "\n"
	if got := c.write("POST", "/listings/7/images", header, imageJSON); got.StatusCode != 201 {
		t.Errorf("with the tag: status %d", got.StatusCode)
	}
	checkRefusal(t, c.write("POST", "/listings/7/images", header, imageJSON), 412, "has changed")
	if got := c.write("PUT", "/listings/8", "If-None-Match: *\n", listingJSON("new")); got.StatusCode != 201 {
		t.Errorf("If-None-Match: * on a new listing: status %d", got.StatusCode)
	}
	if got := c.write("DELETE", "/listings/8", "If-Match: *\n", ""); got.StatusCode != 204 {
		t.Errorf("If-Match: * on a listing: status %d", got.StatusCode)
	}
}

// TestWritesOff has services that do not write, for want of a token or of a way to.
func TestWritesOff(t *testing.T) {
	for name, cfg := range map[string]Config{"no token": {Writer: &ledger{}}, "no writer": {WriteToken: testToken}} {
		service := start(t, cfg)
		for _, header := range []string{"", "Authorization: Bearer \n"} {
			got := service.dial(t).write("PUT", "/listings/7", header, listingJSON("x"))
			t.Run(name, func(t *testing.T) { checkRefusal(t, got, 403, "IMGSVC_WRITE_TOKEN") })
		}
	}
}

// TestWriteTrouble has the store fail.
func TestWriteTrouble(t *testing.T) {
	service, l := startWriting(t)
	for _, test := range []struct {
		err    error
		reason string
	}{
		{errors.New("disk on fire at /secret/place"), "the store failed"},
		{fmt.Errorf("%w: %w", store.ErrUncertain, context.DeadlineExceeded), "not known whether this was written"},
		{context.DeadlineExceeded, "in time"},
	} {
		l.trouble = test.err
		got := service.dial(t).write("DELETE", "/listings/7", "", "")
		checkRefusal(t, got, http.StatusServiceUnavailable, test.reason)
		if got.Header.Get("Retry-After") == "" || strings.Contains(got.body, "secret") {
			t.Errorf("%v: %v, %s", test.err, got.Header, got.body)
		}
	}
}
