//go:build unix

package main

import (
	"strings"
	"testing"
)

func TestLastWords(t *testing.T) {
	var words lastWords
	for range 100 {
		if n, err := words.Write([]byte(strings.Repeat("x", 3<<10))); n != 3<<10 || err != nil {
			t.Fatal(n, err)
		}
	}
	_, _ = words.Write([]byte(strings.Repeat("y", 3*wordLimit) + "the end\n"))
	if len(words.text) > wordLimit || !strings.HasSuffix(words.String(), "the end") {
		t.Errorf("%d bytes, %q", len(words.text), words.String())
	}
}
