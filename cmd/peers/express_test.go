//go:build unix

package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// What is compared with must be the same next year: every version is given in full.
func TestExpressVersions(t *testing.T) {
	text, err := expressApp.ReadFile("express/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var p struct{ Dependencies map[string]string }
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"express", "redis"} {
		if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(p.Dependencies[name]) {
			t.Errorf("%s: version %q", name, p.Dependencies[name])
		}
	}
}

// Packages of another package.json do not count as installed.
func TestSameFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "package.json")
	if sameFile(path) {
		t.Error("a file that is not there")
	}
	if err := copyApp(dir); err != nil || !sameFile(path) {
		t.Errorf("not the file that was written: %v", err)
	}
	if err := os.WriteFile(path, []byte(`{}`), 0o600); err != nil || sameFile(path) {
		t.Errorf("a file that was changed: %v", err)
	}
}

func TestFind(t *testing.T) {
	b := &box{options: options{tools: t.TempDir()}, imgsvc: "/built/imgsvc"}
	if path, err := b.find(context.Background(), "", source{}); path != "/built/imgsvc" || err != nil {
		t.Errorf("imgsvc: %q, %v", path, err)
	}
	if _, err := b.find(context.Background(), "artillery", source{npm: "artillery"}); err == nil {
		t.Error("found what is not installed, and was not told to install it")
	}
}
