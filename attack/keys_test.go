package attack_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/starkillersystems/imgsvc/attack"
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

// anyError is what a request can end in: an error of the system's, of TLS, of a name's look-up or of nobody we know, with
// or without a text around it that holds an address.
var anyError = rapid.Custom(func(t *rapid.T) error {
	text := rapid.StringN(0, 40, 80).Draw(t, "text")
	certificate := &x509.Certificate{}
	err := rapid.SampledFrom([]error{
		errors.New(text), errors.New("http2: " + text), errors.New("net/http: invalid header " + text), io.EOF,
		io.ErrUnexpectedEOF, io.ErrNoProgress, os.ErrDeadlineExceeded, context.DeadlineExceeded, context.Canceled, net.ErrClosed,
		syscall.Errno(rapid.IntRange(1, 250).Draw(t, "errno")), x509.UnknownAuthorityError{Cert: certificate},
		x509.HostnameError{Certificate: certificate, Host: text}, x509.CertificateInvalidError{Reason: x509.Expired},
		x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign, Detail: text}, tls.RecordHeaderError{Msg: text},
		tls.AlertError(rapid.IntRange(0, 120).Draw(t, "alert")), &tls.CertificateVerificationError{Err: errors.New(text)},
		&net.DNSError{Err: text, Name: "10.0.0.1:80"}, &net.AddrError{Err: text, Addr: "10.0.0.1:80"},
	}).Draw(t, "error")
	for range rapid.IntRange(0, 3).Draw(t, "wraps") {
		err = rapid.SampledFrom([]error{
			fmt.Errorf("10.0.0.1:8080: %s: %w", text, err), os.NewSyscallError("read", err), &url.Error{Op: "Get", URL: text, Err: err},
			&net.OpError{Op: rapid.SampledFrom([]string{"dial", "read", "remote error"}).Draw(t, "op"), Net: "tcp", Err: err},
		}).Draw(t, "wrap")
	}
	return err
})

// Whatever an error is, it is counted under a key that is explained, and never under a text of its own.
func TestKeysCoverEveryError(t *testing.T) {
	documented := documentedKeys(t)
	rapid.Check(t, func(t *rapid.T) {
		err, http2 := anyError.Draw(t, "err"), rapid.Bool().Draw(t, "http2")
		if key := attack.ErrorKeyOf(err, http2); !slices.Contains(documented, key) && !isErrno(key) {
			t.Fatalf("%v is counted under %q", err, key)
		}
	})
}
