package scenarios

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func someVars(script *Script) *Vars {
	vars := script.Names.NewVars(rand.New(rand.NewPCG(1, 2)))
	script.Begin(vars, 0)
	return vars
}

// TestArtilleryStepWarnings keeps what is said of keys that may not do what their author expects. The step is on line 9.
func TestArtilleryStepWarnings(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"- get: {url: '/?a=1', qs: {b: 2}}", "9:25: qs replaces the query of the URL, as in Artillery 2"},
		{"- get: {url: /, timeout: 5}", "9:19: timeout of a request has no effect, as in Artillery: config.http.timeout is that of all of them"},
		{"- get: {url: /, setContentLengthHeader: true}", "9:19: setContentLengthHeader has no effect here"},
		{"- get: {url: /, probability: 0}", "9:19: probability 0: this request is never sent"},
		{"- get: {url: /, probability: 101}", "9:19: probability 101 counts as 100, as in Artillery"},
		{"- get: {url: /, form: {a: 1}}", "9:5: Artillery 2 refuses GET with a body; here it is sent"},
		{"- parallel: [think: 1]\n  limit: 5", "10:5: limit has no effect: the requests of one user take turns on its connection"},
		{"- think: 1\n  jitter: 2s", "10:13: jitter 2s counts as 2 ms, as in Artillery, which knows no units here"},
		{"- {loop: [think: 1], over: id}", "9:30: over: id is not a list\ns.yml:9:6: this loop never runs"},
		{"- {loop: [think: 1], count: 5-3}", "9:6: this loop never runs"},
		{"- post: {url: /, formData: {a: 1}, headers: {content-type: text/x}}", "9:20: the request's own content-type replaces " +
			"that of formData, without which its parts cannot be told apart: remove the header"},
	} {
		script := load(t, "s.yml", flow(test.text), LoadOptions{})
		got := warnings(script)
		want := strings.Split("s.yml:"+test.want, "\n")
		if len(want) > 1 {
			want[0], want[1] = want[1], want[0]
		}
		equal(t, test.text, got, want)
	}
}

// TestArtilleryStepErrors keeps what is refused. The step is on line 9.
func TestArtilleryStepErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"- get: {url: /, cookie: {'a b': 1}}", `9:28: "a b" is not the name of a cookie`},
		{"- get: {url: /, cookie: a=b}", "9:27: cookie must be a map of names and values, not text"},
		{"- get: {url: /, auth: ann}", "9:25: auth must be a map of user and pass, not text"},
		{"- get: {url: /, auth: {usr: a}}", `9:26: unknown key "usr" in auth: did you mean "user"?`},
		{"- get: {url: /, probability: often}", `9:32: probability must be a number, not "often"`},
		{"- get: {url: /, beforeRequest: f}", "9:19: beforeRequest calls a function in JavaScript, which is not supported yet: " +
			"remove it, or run the script with Artillery"},
		{"- get: {url: /, ensure: {p95: 1}}", "9:19: ensure is about the whole run: it belongs in config, and expect here"},
		{"- post: {url: /, formData: {a: [1]}}", "9:34: a: formData cannot hold a list"},
		{"- post: {url: /, formData: {a: {fromFile: x, value: 1}}}", "9:35: fromFile and value stand in one entry: keep one of them"},
		{"- post: {url: /, formData: {a: {fromFile: /dev/null}}}", "9:45: fromFile: /dev/null is not a file"},
		{"- post: {url: /, formData: {a: {fromFile: no/such}}}", "9:45: fromFile: open no/such: no such file or directory"},
		{"- post: {url: /, formData: {a: {}}}", "9:34: a has neither value nor fromFile"},
		{"- post: {url: /, json: {}, form: {}}", "9:30: form and json are bodies of one request: keep one of them"},
	} {
		_, err := Load("s.yml", strings.NewReader(flow(test.text)), LoadOptions{})
		equal(t, test.text, lines(err), []string{"s.yml:" + test.want})
	}
	for _, test := range []struct{ text, want string }{
		{"before: {flow: [{loop: [get: {url: /}]}]}", "s.yml:1:18: a loop without end before or after the load, of which nothing would come"},
		{"after: {}", "s.yml:1:1: after needs a flow: the list of its steps"},
		{"before: {engine: ws, flow: [think: 1]}", `s.yml:1:18: engine "ws" is not supported: only http is`},
	} {
		_, err := Load("s.yml", strings.NewReader(test.text+"\n"+configured("")), LoadOptions{})
		equal(t, test.text, lines(err), []string{test.want})
	}
}

// TestThinkJitter keeps that a wait varies by what jitter says to both sides, and is never negative.
func TestThinkJitter(t *testing.T) {
	script := load(t, "s.yml", "config: {target: 'http://h', http: {defaults: {think: {jitter: 50%}}}, defaults: {think: {jitter: 1}}}\n"+
		"scenarios: [flow: [think: 1, {think: 1, jitter: 200}, {think: 100ms, jitter: 300ms}, {think: 1, jitter: 0}]]\n", LoadOptions{})
	vars := someVars(script)
	for i, want := range []struct{ least, most time.Duration }{
		{500 * time.Millisecond, 1500 * time.Millisecond}, {800 * time.Millisecond, 1200 * time.Millisecond},
		{0, 400 * time.Millisecond}, {time.Second, time.Second},
	} {
		think, least, most := script.Scenarios[0].Steps[i].(*Think), time.Hour, time.Duration(0)
		for range 1000 {
			wait, err := think.Wait(vars)
			if err != nil {
				t.Fatal(err)
			}
			least, most = min(least, wait), max(most, wait)
		}
		slack := (want.most - want.least) / 20
		if least < want.least || least > want.least+slack || most > want.most || most < want.most-slack {
			t.Errorf("think %d: from %v to %v, want %v to %v", i, least, most, want.least, want.most)
		}
	}
}

// TestProbability keeps Artillery's draw: of 101 numbers, so that even 100 % leaves out one request in 101.
func TestProbability(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, test := range []struct{ percent, want float64 }{{100, 100. / 101}, {1, 1. / 101}, {0, 0}, {50, 50. / 101}} {
		happened := 0
		for range 101_000 {
			if (Chance{test.percent, true}).Happens(random) {
				happened++
			}
		}
		if got := float64(happened) / 101_000; got < test.want-0.006 || got > test.want+0.006 {
			t.Errorf("%v %%: %v, want %v", test.percent, got, test.want)
		}
	}
}

func TestCounts(t *testing.T) {
	for _, test := range []struct {
		value    Value
		from, to int64
	}{
		{Int(3), 0, 3}, {Any(2.5), 0, 3}, {Any("3"), 0, 3}, {Any("2.9"), 0, 2}, {Int(0), 0, 0}, {Any("0"), 0, 0}, {Any(-1.0), 0, -1},
		{Any("-1"), 0, -1}, {Int(-2), 0, 0}, {Any("9-12"), 9, 12}, {Any("12-9"), 12, 9}, {Any(" 1 - 2 "), 1, 2}, {Any("x"), 0, 0},
		{Any(""), 0, 0}, {Value{}, 0, 0}, {Any(nil), 0, 0}, {Any([]any{1.0}), 0, 0}, {Any("1-2-3"), 0, 0}, {Any(1e300), 0, 1 << 53},
	} {
		if from, to := roundsOf(test.value); from != test.from || to != test.to {
			t.Errorf("%q: %d to %d, want %d to %d", test.value, from, to, test.from, test.to)
		}
	}
}

// TestQueryLabel keeps that a request is reported under the name Artillery gives it, without what qs adds.
func TestQueryLabel(t *testing.T) {
	script := load(t, "s.yml", flow("- {loop: [get: {url: '/a?{{ id }}?x#y', qs: {n: '{{ $loopCount }}', m: [1, 2]}}], count: 1}"), LoadOptions{})
	equal(t, "label", script.Requests[0].URL.String(), "http://localhost:3000/base/a")
}

// TestUploadBounds keeps that a file that is too long is refused before it is read.
func TestUploadBounds(t *testing.T) {
	folder := t.TempDir()
	writeSparse(t, filepath.Join(folder, "long"), maxUpload+1)
	_, err := Load(filepath.Join(folder, "s.yml"), strings.NewReader(flow("- post: {url: /, formData: {a: {fromFile: long}}}")), LoadOptions{})
	if err == nil || !strings.Contains(err.Error(), "at most 16777216 can be sent") {
		t.Errorf("error %v", err)
	}
}

func writeSparse(t *testing.T, path string, size int64) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(size); err != nil {
		t.Fatal(err)
	}
}

// TestQuestionMarksInBraces keeps that a question mark is one wherever it stands in a word, and that places stay.
func TestQuestionMarksInBraces(t *testing.T) {
	script := load(t, "s.yml", flow("- get: {url: /a?b=1&c?, name: what?}\n- post: {'url': '/?', body: \"?x ?\"}"), LoadOptions{})
	equal(t, "url", script.Requests[0].URL.String(), "http://localhost:3000/base/a?b=1&c?")
	equal(t, "name", script.Requests[0].Name, "what?")
	equal(t, "second", script.Requests[1].URL.String(), "http://localhost:3000/base/?")
	_, err := Load("s.yml", strings.NewReader(flow("- get: {url: /a?b, nmae: x}")), LoadOptions{})
	equal(t, "error", lines(err), []string{`s.yml:9:22: unknown key "nmae" in get: did you mean "name"?`})
	_, err = Load("s.yml", strings.NewReader(flow("- get: {url: /a?b, }}")), LoadOptions{})
	equal(t, "broken", len(lines(err)), 1)
}
