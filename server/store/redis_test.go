package store

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/starkillersystems/imgsvc/server/store/redistest"
)

// shelf is a finder that counts how often it is asked. It has no listings with an id of 1000 or more.
func shelf(t *testing.T, asked *atomic.Int64) finderFunc {
	return func(_ context.Context, id int64) (Listing, error) {
		asked.Add(1)
		if id >= 1000 {
			return Listing{}, ErrNotFound
		}
		return sample(t, id, 500), nil
	}
}

// uniqueMeta describes a store that no other run shares a Redis with.
func uniqueMeta() Meta { return Meta{Seed: uint64(time.Now().UnixNano()), Records: 1000, Generator: 1} }

func openRedis(t *testing.T, next finder, url string, meta Meta, opts RedisOptions) *Redis {
	t.Helper()
	if opts.Timeout == 0 {
		opts.Timeout = 5 * time.Second // a busy machine is no broken cache
	}
	r, err := OpenRedis(next, url, meta, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// rawClient returns a client of the test's own.
func rawClient(t *testing.T, url string) *redis.Client {
	t.Helper()
	opts, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opts)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// until waits for something that another goroutine does.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain: ", what)
		}
	}
}

func find(t *testing.T, f finder, id int64) {
	t.Helper()
	listing, err := f.FindListing(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if want := string(sample(t, id, 500).JSON()); string(listing.JSON()) != want {
		t.Fatalf("listing %s, want %s", listing.JSON(), want)
	}
}

func TestRedisHitsAndMisses(t *testing.T) {
	var asked atomic.Int64
	url := redistest.Start(t)
	r := openRedis(t, shelf(t, &asked), url, uniqueMeta(), RedisOptions{})
	find(t, r, 7)
	until(t, "a fill", func() bool { return r.Stats().Filled == 1 })
	for range 3 {
		find(t, r, 7)
	}
	if s := r.Stats(); asked.Load() != 1 || s.Hits != 3 || s.Misses != 1 || !s.Up {
		t.Errorf("asked %d times, stats %+v", asked.Load(), s)
	}
	ttl := rawClient(t, url).PTTL(t.Context(), r.key(7)).Val()
	if ttl > time.Hour || ttl < 53*time.Minute {
		t.Errorf("the entry lives for %s", ttl)
	}
}

func TestRedisRemembersWhatIsMissing(t *testing.T) {
	var asked atomic.Int64
	url := redistest.Start(t)
	r := openRedis(t, shelf(t, &asked), url, uniqueMeta(), RedisOptions{})
	for range 3 {
		if _, err := r.FindListing(t.Context(), 1001); !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
		until(t, "a fill", func() bool { return r.Stats().Filled == 1 })
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times, want once", asked.Load())
	}
	if ttl := rawClient(t, url).PTTL(t.Context(), r.key(1001)).Val(); ttl > 5*time.Second {
		t.Errorf("the note lives for %s", ttl)
	}
}

func TestRedisWritesOverCorruptEntries(t *testing.T) {
	var asked atomic.Int64
	url := redistest.Start(t)
	r := openRedis(t, shelf(t, &asked), url, uniqueMeta(), RedisOptions{})
	client := rawClient(t, url)
	good := sample(t, 7, 500).Encoded()
	flipped := append([]byte(nil), good...)
	flipped[len(flipped)/2] ^= 1
	for i, value := range [][]byte{{}, []byte("?"), good[:len(good)-1], flipped} {
		if err := client.Set(t.Context(), r.key(7), value, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
		find(t, r, 7)
		until(t, "a fill", func() bool { return r.Stats().Filled == uint64(i+1) })
		if got := client.Get(t.Context(), r.key(7)).Val(); got != string(good) {
			t.Errorf("value %q was not written over", value)
		}
	}
	if s := r.Stats(); s.Corrupt != 4 || !s.Up {
		t.Errorf("stats %+v", s)
	}
}

func TestRedisKeepsStoresApart(t *testing.T) {
	url := redistest.Start(t)
	meta := uniqueMeta()
	others := []Meta{meta, meta, meta}
	others[0].Seed++
	others[1].Records++
	others[2].Generator++
	var asked atomic.Int64
	first := openRedis(t, shelf(t, &asked), url, meta, RedisOptions{})
	find(t, first, 7)
	until(t, "a fill", func() bool { return first.Stats().Filled == 1 })
	for _, other := range others {
		r := openRedis(t, shelf(t, &asked), url, other, RedisOptions{})
		find(t, r, 7)
		if s := r.Stats(); s.Hits != 0 || s.Misses != 1 {
			t.Errorf("%s found an entry of %s", other, meta)
		}
	}
	again := openRedis(t, shelf(t, &asked), url, meta, RedisOptions{})
	find(t, again, 7)
	if again.Stats().Hits != 1 {
		t.Error("a second service with the same store does not find the entry of the first")
	}
}

func TestRedisAsksOnce(t *testing.T) {
	var asked atomic.Int64
	release := make(chan struct{})
	slow := finderFunc(func(ctx context.Context, id int64) (Listing, error) {
		<-release
		return shelf(t, &asked)(ctx, id)
	})
	r := openRedis(t, slow, redistest.Start(t), uniqueMeta(), RedisOptions{})
	var readers sync.WaitGroup
	for range 50 {
		readers.Go(func() {
			if _, err := r.FindListing(context.Background(), 7); err != nil {
				t.Error(err)
			}
		})
	}
	until(t, "50 misses", func() bool { return r.Stats().Misses == 50 })
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.FindListing(impatient, 7); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader whose context has ended: %v", err)
	}
	close(release)
	readers.Wait()
	// Each reader has missed before the first answer, but may join the flight only after it: then there is another.
	if n := asked.Load(); n > 5 {
		t.Errorf("asked %d times for one listing", n)
	}
}

func TestRedisConcurrently(t *testing.T) {
	var asked atomic.Int64
	r := openRedis(t, shelf(t, &asked), redistest.Start(t), uniqueMeta(), RedisOptions{})
	var readers sync.WaitGroup
	for i := range 32 {
		readers.Go(func() {
			for n := range 200 {
				id := int64((i*31 + n) % 1010)
				listing, err := r.FindListing(context.Background(), id)
				if id >= 1000 && errors.Is(err, ErrNotFound) {
					continue
				}
				if err != nil || !strings.HasPrefix(string(listing.JSON()), string(sample(t, id, 0).JSON()[:8])) {
					t.Errorf("listing %d: %v", id, err)
				}
			}
		})
	}
	readers.Wait()
	if s := r.Stats(); s.Hits+s.Misses != 32*200 || s.Failures != 0 {
		t.Errorf("stats %+v", s)
	}
}

// states collects what a tier tells.
type states struct {
	mu   sync.Mutex
	told []error
}

func (s *states) tell(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, err)
}

func (s *states) get() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]error(nil), s.told...)
}

func TestRedisDeadAtStart(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	var told states
	r := openRedis(t, shelf(t, &asked), "redis://user:secret@"+addr, uniqueMeta(),
		RedisOptions{State: told.tell, Cooldown: time.Millisecond})
	for id := range int64(100) {
		find(t, r, id)
	}
	got := told.get()
	if len(got) != 1 || got[0] == nil || strings.Contains(got[0].Error(), "secret") {
		t.Errorf("told %v", got)
	}
	if s := r.Stats(); s.Up || s.Skipped != 100 {
		t.Errorf("stats %+v", s)
	}
}

func TestRedisDiesAndComesBack(t *testing.T) {
	server := miniredis.RunT(t) // it can be stopped and started again
	var asked atomic.Int64
	var told states
	r := openRedis(t, shelf(t, &asked), "redis://"+server.Addr(), uniqueMeta(),
		RedisOptions{State: told.tell, Cooldown: time.Millisecond})
	find(t, r, 7)
	until(t, "a fill", func() bool { return r.Stats().Filled == 1 })
	server.Close()
	for range 100 {
		find(t, r, 7)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	until(t, "the tier to come back", func() bool { return r.Stats().Up })
	before := r.Stats().Hits
	until(t, "a hit", func() bool { find(t, r, 7); return r.Stats().Hits > before })
	if got := told.get(); len(got) != 2 || got[0] == nil || got[1] != nil {
		t.Errorf("told %v, want an error and its end", got)
	}
}

// TestRedisThatHangs has a server that accepts connections and says nothing: only the first reader notices.
func TestRedisThatHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var asked atomic.Int64
	r := openRedis(t, shelf(t, &asked), "redis://"+l.Addr().String(), uniqueMeta(), RedisOptions{Timeout: 50 * time.Millisecond})
	for id := range int64(100) {
		find(t, r, id)
	}
	if s := r.Stats(); s.Skipped != 100 {
		t.Errorf("stats %+v", s)
	}
}

func TestRedisThatRefusesWrites(t *testing.T) {
	server := miniredis.RunT(t)
	var asked atomic.Int64
	var told states
	server.SetError("OOM command not allowed when used memory > 'maxmemory'")
	r := openRedis(t, shelf(t, &asked), "redis://"+server.Addr(), uniqueMeta(),
		RedisOptions{State: told.tell, Cooldown: time.Millisecond})
	find(t, r, 7)
	server.SetError("")
	until(t, "the tier to come in", func() bool { return r.Stats().Up })
	if got := told.get(); len(got) != 2 || !strings.Contains(got[0].Error(), "OOM") {
		t.Errorf("told %v", got)
	}
}

// TestRedisDropsFills fills a queue that nothing empties: readers go on.
func TestRedisDropsFills(t *testing.T) {
	r := &Redis{fills: make(chan fill, 2)}
	for range 5 {
		r.fill(fill{key: "k", lease: "L"})
	}
	if len(r.fills) != 2 || r.Stats().Dropped != 3 {
		t.Errorf("%d wait, stats %+v", len(r.fills), r.Stats())
	}
}

func TestJittered(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 10_000 {
		ttl := jittered(time.Hour)
		if ttl < 54*time.Minute || ttl > time.Hour {
			t.Fatal(ttl)
		}
		seen[ttl.Truncate(time.Minute)] = true
	}
	if len(seen) < 6 {
		t.Errorf("only %d different minutes", len(seen))
	}
}

func TestRedisURLs(t *testing.T) {
	for _, test := range []struct{ url, kind, err string }{
		{"redis://localhost", "single", ""},
		{"rediss://user:secret@localhost:6380/3", "single", ""},
		{"redis://a:26379?master_name=main&addr=b:26379", "sentinel", ""},
		{"redis://a:7000?addr=b:7001&addr=c:7002", "cluster", ""},
		{"redis://user:secret@localhost/x", "", "invalid database number"},
		{"redis://user:secret@localhost?wat=1", "", "wat"},
		{"redis://user:secret@localhost:port", "", "not a URL"},
		{"redis:", "", "not a URL"},
	} {
		t.Run(test.url, func(t *testing.T) {
			o, err := parseRedisURL(test.url)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "secret") {
					t.Errorf("error %v, want %q and no password", err, test.err)
				}
				return
			}
			kind := map[bool]string{o.single != nil: "single", o.sentinel != nil: "sentinel", o.cluster != nil: "cluster"}[true]
			if err != nil || kind != test.kind {
				t.Errorf("%s, %v, want %s", kind, err, test.kind)
			}
			if got := Redacted(test.url); strings.Contains(got, "secret") || !strings.HasPrefix(got, "redis") {
				t.Errorf("redacted: %s", got)
			}
		})
	}
}
