package browsertest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long one step in the browser may take before the test gives up. It decides nothing but that.
const patience = 5 * time.Minute

// tab is a page in a browser, and what it did that a page must not do.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string // URLs that were asked for
	trouble  []string // errors, violations of the policy, dialogs
}

// chromium returns the browser's path. A machine without one runs the other tests; where real servers are wanted, it
// fails.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("IMGSVC_TEST_REAL") == "1" {
		t.Fatal("no Chromium in the PATH: apt-get install chromium")
	}
	t.Skip("no Chromium in the PATH, and nothing can stand in for one: apt-get install chromium")
	return ""
}

// newTab starts a browser of its own with an empty profile.
func newTab(t *testing.T, width, height int64) *tab {
	t.Helper()
	options := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("force-color-profile", "srgb"),
	})
	ctx, cancelPatience := context.WithTimeout(t.Context(), patience)
	allocator, cancelAllocator := chromedp.NewExecAllocator(ctx, options...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); cancel(); cancelAllocator(); cancelPatience() })
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	call(b, runtime.Enable, cdp.Empty{})
	b.size(width, height)
	return b
}

// note keeps what the page asks of the network and what goes wrong in it.
func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *log.EventEntryAdded:
		b.trouble = append(b.trouble, "log: "+e.Entry.Text)
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, fmt.Sprintf("exception: %+v", e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		b.trouble = append(b.trouble, fmt.Sprint("console: ", e.Type))
	case *page.EventJavascriptDialogOpening:
		b.trouble = append(b.trouble, "dialog: "+e.Message)
	}
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return result
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// size makes the window so large; a narrow one is that of a phone.
func (b *tab) size(width, height int64) {
	b.t.Helper()
	if width < 600 {
		b.do(chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateTouch))
		return
	}
	b.do(chromedp.EmulateViewport(width, height))
}

// open loads a page and waits for its script to be done.
func (b *tab) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url), chromedp.WaitReady(chromedp.CSS(`html[data-ready="yes"]`)))
}

// eval returns what a JavaScript expression says; a promise is waited for.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%v\n%.500s\n%v", err, expression, b.trouble)
	}
	return value
}

// quiet fails the test if the page asked for anything but itself, or if anything went wrong in it.
func (b *tab) quiet(url string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, request := range b.requests {
		if request != url && !strings.HasPrefix(request, "data:,") {
			b.t.Errorf("the page asked for %s", request)
		}
	}
	for _, trouble := range b.trouble {
		b.t.Error(trouble)
	}
}

// shot keeps a screenshot of the whole page where IMGSVC_SCREENSHOTS names a folder.
func (b *tab) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("IMGSVC_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// programDir names the folder the program is built into, for as long as the tests run.
const programDir = "IMGSVC_BROWSERTEST_DIR"

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "imgsvc-browsertest")
	if err != nil {
		panic(err)
	}
	os.Setenv(programDir, dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// build builds the program from the tree this test is in, once.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(os.Getenv(programDir), "imgsvc")
	cmd := exec.Command("go", "build", "-pgo=off", "-o", path, "./cmd/imgsvc")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// imgsvc runs the program and returns its standard output.
func imgsvc(t *testing.T, args ...string) []byte {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("imgsvc %s: %v\n%s", strings.Join(args, " "), err, &said)
	}
	return out.Bytes()
}

// benched returns the page of a short bench.
func benched(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "bench.html")
	imgsvc(t, "bench", "--records", "100000", "--store", "pebble:"+filepath.Join(dir, "data"), "--duration", "2s", "--requests", "2000",
		"--output", filepath.Join(dir, "bench.json"), "--html", path)
	html, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return html
}

// drawn returns the page that imgsvc report makes of these reports: of several, beside each other.
func drawn(t *testing.T, reports ...document) []byte {
	t.Helper()
	args := []string{"report", "--format", "html"}
	if len(reports) > 1 {
		args = append(args, "--compare")
	}
	for i, r := range reports {
		args = append(args, r.file(t, fmt.Sprintf("run%d.json", i)))
	}
	return imgsvc(t, args...)
}

// served returns the URL of a page, served with a policy of its own that allows less than the page's scripts need only
// if the page needs more than it says.
func served(t *testing.T, html []byte) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Errorf("the page asked for %s", r.URL)
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:")
		_, _ = w.Write(html)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}
