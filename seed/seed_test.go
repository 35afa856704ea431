package seed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/starkillersystems/imgsvc/server/store"
	"github.com/starkillersystems/imgsvc/server/store/mongotest"
)

// killAt, in the environment, makes the test binary a seeder that kills itself once so many records are stored.
const killAt = "IMGSVC_TEST_KILL_AT"

func TestMain(m *testing.M) {
	if side := os.Getenv(clientSide); side != "" {
		os.Exit(clientMain(side, os.Args[1]))
	}
	at, err := strconv.ParseInt(os.Getenv(killAt), 10, 64)
	if err != nil {
		os.Exit(m.Run())
	}
	opts := killedOptions(os.Args[1], records(os.Args[2]))
	opts.Progress = func(p Progress) {
		if p.Done >= at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until it arrives
		}
	}
	_, err = Run(context.Background(), opts)
	fmt.Fprintln(os.Stderr, "not killed:", err)
	os.Exit(1)
}

func killedOptions(url string, records int64) Options {
	return Options{Store: url, Records: records, Workers: 3, Batch: int(records / 30)}
}

func records(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// TestKilled kills seeders with SIGKILL, one after the other on the same store, and lets the last one finish. Other
// workers are in the middle of their ranges each time.
func TestKilled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	killAll(t, "pebble:"+dir, 20_000, func() error {
		_, err := store.OpenPebble(dir, store.PebbleOptions{ReadOnly: true})
		return err
	})
}

func TestKilledOnMongo(t *testing.T) {
	url := mongotest.Start(t)
	killAll(t, url, 3000, func() error {
		_, err := store.OpenMongo(t.Context(), url, store.MongoOptions{})
		return err
	})
}

func killAll(t *testing.T, url string, records int64, open func() error) {
	opts := killedOptions(url, records)
	stored := int64(0)
	for _, percent := range []int64{1, 25, 26, 70, 97} {
		at := records * percent / 100
		seeder := exec.Command(os.Args[0], url, fmt.Sprint(records))
		seeder.Env = append(os.Environ(), fmt.Sprint(killAt, "=", at))
		out, err := seeder.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("at %d: %v, %s", at, err, out)
		}
		if err := open(); err == nil || !strings.Contains(err.Error(), "only in part") {
			t.Errorf("half a store can be served: %v", err)
		}
		stored = max(stored, at)
	}
	opts.Verify = VerifyAll
	sum, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Existing < stored || sum.Existing+sum.Written != opts.Records || !sum.Complete || sum.Verified.Records != opts.Records {
		t.Errorf("after kills, the last at %d: %+v, %+v", stored, sum, sum.Verified)
	}
}

func testOptions(t *testing.T, records int64) Options {
	return Options{Store: "pebble:" + filepath.Join(t.TempDir(), "store"), Records: records, Workers: 2, Batch: 300}
}

func TestRun(t *testing.T) {
	opts := testOptions(t, 5000)
	var told []Progress
	opts.Progress = func(p Progress) { told = append(told, p) }
	opts.Verify = VerifyAll
	sum, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	want := Summary{
		Store: opts.Store, Seed: 1, Generator: GeneratorVersion, Records: 5000, Written: 5000, Complete: true,
		DurationNS: sum.DurationNS, Rate: sum.Rate, Bytes: sum.Bytes, Verified: sum.Verified,
	}
	if !reflect.DeepEqual(sum, want) || sum.DurationNS <= 0 || sum.Rate <= 0 || sum.Bytes < 5000*50 {
		t.Errorf("summary %+v, want %+v", sum, want)
	}
	if v := sum.Verified; v.Records != 5000 || v.Faults != 0 || v.Mode != VerifyAll {
		t.Errorf("verified %+v", v)
	}
	checkProgress(t, told)

	opts.Verify = VerifySample
	again, err := Run(t.Context(), opts)
	if err != nil || again.Existing != 5000 || again.Written != 0 || again.Rate != 0 || again.Verified.Records != 5000 {
		t.Errorf("on a complete store: %+v, %v", again, err)
	}
	if !strings.Contains(again.String(), "nothing to do") {
		t.Errorf("on a complete store the summary is %q", again)
	}
}

// checkProgress says that each stage counts up to its total.
func checkProgress(t *testing.T, told []Progress) {
	t.Helper()
	last := map[string]Progress{}
	for _, p := range told {
		if p.Done <= last[p.Stage].Done || p.Total != 5000 || p.Rate <= 0 {
			t.Errorf("after %+v: %+v", last[p.Stage], p)
		}
		last[p.Stage] = p
	}
	for _, stage := range []string{StageSeed, StageVerify} {
		if p := last[stage]; p.Done != 5000 || p.Remaining != 0 {
			t.Errorf("%s ends with %+v", stage, p)
		}
	}
}

// TestInterrupted ends the context in the middle of a run. The summary is true, and the next run does the rest.
func TestInterrupted(t *testing.T) {
	opts := testOptions(t, 5000)
	ctx, cancel := context.WithCancel(t.Context())
	opts.Progress = func(p Progress) {
		if p.Done >= 2000 {
			cancel()
		}
	}
	sum, err := Run(ctx, opts)
	if err == nil || !strings.Contains(err.Error(), "run the same command again") {
		t.Errorf("error %v, want one that says how to go on", err)
	}
	if sum.Written < 2000 || sum.Written >= 5000 || sum.Records != sum.Written || sum.Complete || !strings.Contains(sum.String(), "not complete") {
		t.Errorf("summary %+v (%s)", sum, sum)
	}
	opts.Progress, opts.Verify = nil, VerifyAll
	rest, err := Run(t.Context(), opts)
	if err != nil || rest.Existing != sum.Written || rest.Written != 5000-sum.Written {
		t.Errorf("after %d records: %+v, %v", sum.Written, rest, err)
	}
	opts.Verify = VerifyAll
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, opts); err == nil || !strings.Contains(err.Error(), "stopped with 0 of 5000 records verified") {
		t.Errorf("an interrupted verification: %v", err)
	}
}

// TestSameStore seeds with different numbers of workers and sizes of ranges, and interrupted: the same records.
func TestSameStore(t *testing.T) {
	for _, c := range []struct{ workers, batch int }{{1, 1}, {1, 5000}, {7, 20}, {3, 199}} {
		opts := testOptions(t, 200)
		opts.Workers, opts.Batch, opts.Verify = c.workers, c.batch, VerifyAll
		if sum, err := Run(t.Context(), opts); err != nil || sum.Verified.Faults != 0 {
			t.Errorf("%d workers, ranges of %d: %+v, %v", c.workers, c.batch, sum, err)
		}
	}
}

func TestRefusesOtherStore(t *testing.T) {
	opts := testOptions(t, 600)
	if _, err := Run(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"another seed": func(o *Options) { o.Seed = 2 },
		"more records": func(o *Options) { o.Records = 700 },
		"less records": func(o *Options) { o.Records = 500 },
	} {
		other := opts
		change(&other)
		if _, err := Run(t.Context(), other); err == nil || !strings.Contains(err.Error(), "--drop") {
			t.Errorf("%s: %v, want an error that names --drop", name, err)
		}
		same := opts
		same.Verify = VerifyAll
		if _, err := Run(t.Context(), same); err != nil {
			t.Fatalf("after the refusal of %s: %v", name, err)
		}
	}
	opts.Seed, opts.Drop, opts.Verify = 2, true, VerifyAll
	if sum, err := Run(t.Context(), opts); err != nil || sum.Existing != 0 || sum.Written != 600 {
		t.Errorf("with --drop: %+v, %v", sum, err)
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		opts Options
		want string
	}{
		{Options{Records: -1}, "--records must be from 1 to 1099511627776, not -1"},
		{Options{Records: MaxRecords + 1}, "--records"},
		{Options{Workers: -1}, "--workers"},
		{Options{Workers: MaxWorkers + 1}, "--workers"},
		{Options{Batch: -1}, "--batch"},
		{Options{Batch: MaxBatch + 1}, "--batch"},
		{Options{Verify: "most"}, `--verify must be all or sample, not "most"`},
		{Options{Store: "redis:x"}, "unknown kind of store"},
	} {
		if c.opts.Store == "" {
			c.opts.Store = "pebble:" + filepath.Join(t.TempDir(), "store")
		}
		_, err := Run(t.Context(), c.opts)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.opts, err, c.want)
		}
	}
}

// failingSink fails at one range, and counts who is in it.
type failingSink struct {
	mu     sync.Mutex
	inside int
	loaded int64
	failAt int64
}

var errSink = errors.New("sink is full")

func (s *failingSink) LoadRange(_ context.Context, r store.Range, appendListing func([]byte, int64) []byte) error {
	s.enter(1)
	defer s.enter(-1)
	for id := r.Lo; id < r.Hi; id++ {
		appendListing(nil, id)
	}
	if r.Lo <= s.failAt && s.failAt < r.Hi {
		return errSink
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded += r.Len()
	return nil
}

func (s *failingSink) enter(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inside += n
}

// TestSinkFails has all workers stop, and waits for them.
func TestSinkFails(t *testing.T) {
	sink := &failingSink{failAt: 5000}
	opts := Options{Records: 1_000_000, Workers: 4, Batch: 100}.withDefaults()
	meter := newMeter(StageSeed, 0, opts)
	err := fill(t.Context(), sink, []store.Range{{Lo: 0, Hi: opts.Records}}, opts, meter)
	if !errors.Is(err, errSink) || sink.inside != 0 {
		t.Errorf("error %v, with %d workers left in the sink", err, sink.inside)
	}
	if meter.done() != sink.loaded || sink.loaded > 100_000 {
		t.Errorf("%d records are counted, %d were loaded", meter.done(), sink.loaded)
	}
}

func TestQueue(t *testing.T) {
	q := &queue{ranges: []store.Range{{Lo: 0, Hi: 5}, {Lo: 7, Hi: 8}, {Lo: 10, Hi: 14}}, batch: 2}
	var got []store.Range
	for r, ok := q.next(); ok; r, ok = q.next() {
		got = append(got, r)
	}
	want := []store.Range{{Lo: 0, Hi: 2}, {Lo: 2, Hi: 4}, {Lo: 4, Hi: 5}, {Lo: 7, Hi: 8}, {Lo: 10, Hi: 12}, {Lo: 12, Hi: 14}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("ranges %v, want %v", got, want)
	}
}

// TestSpace keeps the estimate of the space on disk close to what is used, and has a disk too small for it refused.
func TestSpace(t *testing.T) {
	opts := testOptions(t, 100_000)
	opts.Batch = 0
	sum, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if each := float64(sum.Bytes) / 100_000; each < diskBytesPerRecord*0.95 || each > diskBytesPerRecord*1.05 {
		t.Errorf("%.1f bytes a record on disk, estimated %d", each, diskBytesPerRecord)
	}
	err = checkSpace("pebble:x", 10_000_000, 1_000_000_000)
	if err == nil || !strings.Contains(err.Error(), "need about 1590 MB in pebble:x, and 1000 MB are free\nfree some space") {
		t.Errorf("1 GB for 10 million records: %v", err)
	}
	if err := checkSpace("pebble:x", 10_000_000, 2_000_000_000); err != nil {
		t.Error(err)
	}
}

func TestSummaryJSON(t *testing.T) {
	text, err := json.Marshal(Summary{Store: "pebble:x", Verified: &Verified{Mode: VerifyAll}})
	want := `{"store":"pebble:x","seed":0,"generator":0,"records":0,"existing":0,"written":0,"duration_ns":0,"rate":0,"bytes":0,` +
		`"complete":false,"verified":{"mode":"all","records":0,"faults":0,"changed":0,"duration_ns":0}}`
	if err != nil || string(text) != want {
		t.Errorf("the summary is %s, want %s", text, want)
	}
}
