package attack_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// documentedKeys returns the keys that docs/truth.md lists.
func documentedKeys(t *testing.T) (keys []string) {
	t.Helper()
	text, err := os.ReadFile("../docs/truth.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, found := strings.Cut(string(text), "\n## Keys of errors\n")
	list, _, _ = strings.Cut(list, "\n## ")
	for line := range strings.Lines(list) {
		if cell := strings.Split(line, "|"); len(cell) > 3 {
			for _, key := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell[1], -1) {
				keys = append(keys, key[1])
			}
		}
	}
	if !found || len(keys) < 40 {
		t.Fatalf("%d keys in docs/truth.md", len(keys))
	}
	return keys
}

// keyFuncs are the functions that return keys as they stand.
var keyFuncs = []string{"errorKey", "lookupKey", "tlsKey", "Ready"}

// writtenKeys finds the keys in a folder's code: constants named key…, texts that become a protocolError or a
// userError, what keyFuncs return, and why an answer is said to have failed.
func writtenKeys(t *testing.T, dir string) (keys []string) {
	t.Helper()
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.HasSuffix(name.Name(), ".go") || strings.HasSuffix(name.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), dir+"/"+name.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, e := range keyExpressions(n) {
				keys = append(keys, literals(e)...)
			}
			return true
		})
	}
	return keys
}

// keyExpressions returns where in a node a key can stand.
func keyExpressions(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.ValueSpec:
		if strings.HasPrefix(n.Names[0].Name, "key") {
			return n.Values
		}
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "protocolError" || f.Name == "userError") {
			return n.Args
		}
	case *ast.CompositeLit:
		if list, ok := n.Type.(*ast.ArrayType); ok && isNamed(list.Elt, "protocolError") {
			return n.Elts
		}
	case *ast.AssignStmt:
		if field, ok := n.Lhs[0].(*ast.SelectorExpr); ok && field.Sel.Name == "Failed" {
			return n.Rhs
		}
	case *ast.FuncDecl:
		return returned(n)
	}
	return nil
}

func isNamed(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func returned(f *ast.FuncDecl) (all []ast.Expr) {
	if f.Body == nil || !slices.Contains(keyFuncs, f.Name.Name) {
		return nil
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) > 0 {
			all = append(all, r.Results[0])
		}
		return true
	})
	return all
}

// literals returns the texts of an expression, but for empty ones.
func literals(e ast.Expr) (texts []string) {
	ast.Inspect(e, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if text, err := strconv.Unquote(l.Value); err == nil && text != "" {
				texts = append(texts, text)
			}
		}
		return true
	})
	return texts
}

// isErrno reports whether the system has an error of this name.
func isErrno(name string) bool {
	for n := syscall.Errno(1); n < 200; n++ {
		if unix.ErrnoName(n) == name {
			return true
		}
	}
	return false
}

// Every key that the code can count an error under is explained, and every key that is explained can occur.
func TestKeysAreDocumented(t *testing.T) {
	documented := documentedKeys(t)
	written := append(writtenKeys(t, "."), writtenKeys(t, "../scenarios")...)
	for i, key := range written {
		written[i] = map[string]string{ // those that end in something of the script's
			"Failed expectations for request ": "Failed expectations for request NAME",
			"Invalid think time: %s":           "Invalid think time: VALUE",
		}[key]
		if written[i] == "" {
			written[i] = key
		}
		if !slices.Contains(documented, written[i]) {
			t.Errorf("%q is not in docs/truth.md", key)
		}
	}
	for _, key := range documented {
		bound := key == "OTHER" || key == "Invalid think time: VALUE" // of reports and of scenarios' steps
		if !slices.Contains(written, key) && !isErrno(key) && !bound {
			t.Errorf("%q is in docs/truth.md, but nothing is counted under it", key)
		}
	}
}
