package attack

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the catalogue in docs/reliability.md anew")

// catalogue writes the tables that docs/reliability.md has of all faults.
func catalogue(groups []hostileGroup) string {
	var text strings.Builder
	for _, g := range groups {
		fmt.Fprintf(&text, "\n### %s\n\n| the service | the client | ends in | memory |\n| --- | --- | --- | --- |\n", g.name)
		for _, h := range g.cases {
			ends := h.want
			if len(ends) > 3 {
				ends = "`" + ends + "`"
			}
			if len(h.also) > 0 {
				ends += fmt.Sprintf(", then %d × %s", len(h.also), h.also[0])
			}
			fmt.Fprintf(&text, "| %s | %s | %s | %d MiB |\n", h.fault, h.does, ends, h.limit()>>10)
		}
	}
	return text.String() + "\n"
}

// checkCatalogue keeps the tables of docs/reliability.md and the cases in agreement.
func checkCatalogue(t *testing.T, groups []hostileGroup) {
	t.Helper()
	const file, begin, end = "../docs/reliability.md", "<!-- catalogue -->\n", "<!-- end of the catalogue -->"
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), begin)
	tables, after, found := strings.Cut(rest, end)
	if !ok || !found {
		t.Fatalf("%s has no catalogue between its marks", file)
	}
	want := catalogue(groups)
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if tables != want {
		t.Errorf("%s does not list the cases as they are; go test ./attack -run HostileServers -update writes it", file)
	}
}
