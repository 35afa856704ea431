package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/starkillersystems/imgsvc/server/store/redistest"
)

// sharedStore is a store of one listing that several services share, with its generation.
type sharedStore struct {
	versions
	mu         sync.Mutex
	generation string
	refuses    error
}

func (s *sharedStore) Generation(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.generation, s.refuses
}

func (s *sharedStore) NewGeneration(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation = newToken()
	return s.generation, s.refuses
}

// ChangeListing makes the next version, whatever it is asked for.
func (s *sharedStore) ChangeListing(context.Context, int64, Change) error {
	s.now.Add(1)
	return nil
}

// service is memory and Redis in front of a shared store.
type service struct {
	*Cached
	tier   *Redis
	writer *Writer
}

func newService(t *testing.T, db *sharedStore, next finder, url string, meta Meta) service {
	t.Helper()
	tier := openRedis(t, next, url, meta, RedisOptions{Generations: db, Cooldown: time.Millisecond, PollEvery: 10 * time.Millisecond})
	s := service{NewCached(tier, 1<<20), tier, nil}
	s.SetMaxAge(time.Hour) // the tests are about what is told
	tier.Watch(s.Cached)
	s.writer = NewWriter(db, time.Minute, 64, s.Cached, tier)
	t.Cleanup(func() { _ = s.writer.Close() })
	until(t, "listening", func() bool { return tier.Stats().Listening })
	return s
}

func (s service) write(t *testing.T) {
	t.Helper()
	if err := s.writer.ChangeListing(context.Background(), 7, nil); err != nil {
		t.Fatal(err)
	}
}

// TestTwoServices has readers at two services while both write in turn. At the one that wrote, no read that begins
// after the write finds an older version; at the other, none that begins after it was told.
func TestTwoServices(t *testing.T) {
	var db sharedStore
	url, meta := redistest.Start(t), uniqueMeta()
	services := []service{newService(t, &db, &db, url, meta), newService(t, &db, &db, url, meta)}
	var known [2]atomic.Int64 // the version that each must have
	var over atomic.Bool
	var readers sync.WaitGroup
	for i, s := range services {
		for range 2 {
			readers.Go(func() {
				for !over.Load() {
					least := known[i].Load()
					if got := version(t, s, 7); got < least {
						t.Errorf("service %d: version %d after %d", i, got, least)
						return
					}
				}
			})
		}
	}
	var delays []time.Duration
	for n := int64(1); n <= 100; n++ {
		i := int(n) % 2
		own, other := services[i], services[1-i]
		own.write(t)
		known[i].Store(n)
		begin := time.Now()
		until(t, "the other is told", func() bool { return other.tier.Stats().Told >= uint64(n) })
		known[1-i].Store(n)
		delays = append(delays, time.Since(begin))
	}
	over.Store(true)
	readers.Wait()
	slices.Sort(delays)
	t.Logf("the other service was told %s after the end of the write (median), %s at most", delays[50], delays[99])
	if s := services[0].tier.Stats(); s.Forgotten != 50 || s.Generations != 0 || s.Filled == 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestLateFill has a service that read the old version be held up until after the change: it may not fill it in.
func TestLateFill(t *testing.T) {
	var db sharedStore
	url, meta := redistest.Start(t), uniqueMeta()
	started, release := make(chan struct{}, 9), make(chan struct{})
	slow := newService(t, &db, finderFunc(func(ctx context.Context, id int64) (Listing, error) {
		old, err := db.FindListing(ctx, id)
		started <- struct{}{}
		<-release
		return old, err
	}), url, meta)
	quick := newService(t, &db, &db, url, meta)
	var readers sync.WaitGroup
	readers.Go(func() { version(t, slow.tier, 7) })
	<-started
	quick.write(t)
	close(release)
	readers.Wait()
	until(t, "the late fill", func() bool { return slow.tier.Stats().Refused == 1 })
	for _, s := range []service{quick, slow} {
		if got := version(t, s, 7); got != 1 {
			t.Errorf("version %d is found after the change", got)
		}
	}
	if s := slow.tier.Stats(); s.Dropped != 0 || s.Failures != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestNoWaitForOldAnswers has a read of the old version under way when a service changes the listing: who reads then
// does not wait for its answer.
func TestNoWaitForOldAnswers(t *testing.T) {
	var db sharedStore
	started, release := make(chan struct{}, 9), make(chan struct{})
	var asked atomic.Int64
	s := newService(t, &db, finderFunc(func(ctx context.Context, id int64) (Listing, error) {
		found, err := db.FindListing(ctx, id)
		if asked.Add(1) == 1 {
			started <- struct{}{}
			<-release
		}
		return found, err
	}), redistest.Start(t), uniqueMeta())
	var readers sync.WaitGroup
	readers.Go(func() { version(t, s.tier, 7) })
	<-started
	s.write(t)
	if got := version(t, s.tier, 7); got != 1 {
		t.Errorf("version %d", got)
	}
	close(release)
	readers.Wait()
}

// TestOneLease: of many services that miss a listing one fills it, and the others wait for nothing.
func TestOneLease(t *testing.T) {
	var db sharedStore
	url, meta := redistest.Start(t), uniqueMeta()
	release := make(chan struct{})
	started := make(chan struct{}, 9)
	slow := newService(t, &db, finderFunc(func(ctx context.Context, id int64) (Listing, error) {
		started <- struct{}{}
		<-release
		return db.FindListing(ctx, id)
	}), url, meta)
	other := newService(t, &db, &db, url, meta)
	var readers sync.WaitGroup
	readers.Go(func() { version(t, slow.tier, 7) })
	<-started
	if got := version(t, other.tier, 7); got != 0 {
		t.Errorf("version %d", got)
	}
	close(release)
	readers.Wait()
	until(t, "the fill", func() bool { return slow.tier.Stats().Filled == 1 })
	if s := other.tier.Stats(); s.Filled+s.Refused+s.Dropped != 0 {
		t.Errorf("the other service filled as well: %+v", s)
	}
}

// TestDeadRedisDuringWrite kills Redis, writes, and has Redis come back with all it held before. Nobody is served that.
func TestDeadRedisDuringWrite(t *testing.T) {
	server := miniredis.RunT(t) // it can be stopped, and started again with what it held
	var db sharedStore
	url, meta := "redis://"+server.Addr(), uniqueMeta()
	a, b := newService(t, &db, &db, url, meta), newService(t, &db, &db, url, meta)
	version(t, a, 7)
	until(t, "a fill", func() bool { return a.tier.Stats().Filled == 1 })
	version(t, b, 7)
	server.Close()
	a.write(t)
	if got := version(t, a, 7); got != 1 {
		t.Errorf("the service that wrote reads version %d", got)
	}
	until(t, "the other to look", func() bool { return b.tier.Stats().Generations == 1 })
	if got := version(t, b, 7); got != 1 {
		t.Errorf("while Redis is dead the other reads version %d", got)
	}
	comeBack(t, server, a, b)
	for range 100 {
		for i, s := range []service{a, b} {
			if got := version(t, s, 7); got != 1 {
				t.Fatalf("with Redis back service %d reads version %d", i, got)
			}
			s.Forget(7) // so that the next read asks Redis
		}
	}
}

// comeBack starts a Redis again and waits until services use it.
func comeBack(t *testing.T, server *miniredis.Miniredis, services ...service) {
	t.Helper()
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	for _, s := range services {
		until(t, "the tier to come back", func() bool { return s.tier.Stats().Up && s.tier.Stats().Listening })
	}
}

// TestRedisForgetsAWrite has Redis lose what it was told: it ends, and begins again with an older copy of itself.
func TestRedisForgetsAWrite(t *testing.T) {
	server := miniredis.RunT(t)
	var db sharedStore
	url, meta := "redis://"+server.Addr(), uniqueMeta()
	a, b := newService(t, &db, &db, url, meta), newService(t, &db, &db, url, meta)
	version(t, a, 7)
	until(t, "a fill", func() bool { return a.tier.Stats().Filled == 1 })
	key := a.tier.key(7)
	old, err := server.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	a.write(t)
	server.Close()
	if err := server.Set(key, old); err != nil {
		t.Fatal(err)
	}
	comeBack(t, server, a, b)
	for _, s := range []service{a, b} {
		until(t, "a new generation", func() bool { return s.tier.Stats().Generations >= 1 })
		if got := version(t, s, 7); got != 1 {
			t.Errorf("version %d is back", got)
		}
	}
	if _, err := server.Get(key); err != nil {
		t.Error("the old copy was not there: the test shows nothing")
	}
}

// TestMissedMessages cuts the connection a service listens on: what it holds is not relied upon any more.
func TestMissedMessages(t *testing.T) {
	server := miniredis.RunT(t)
	var db sharedStore
	url, meta := "redis://"+server.Addr(), uniqueMeta()
	a, b := newService(t, &db, &db, url, meta), newService(t, &db, &db, url, meta)
	version(t, b, 7)
	flushed := b.Stats().Flushed
	server.Close()
	until(t, "the loss to be noticed", func() bool { return !b.tier.Stats().Listening && b.Stats().Flushed > flushed })
	comeBack(t, server, a, b)
	a.write(t)
	until(t, "the other to be told", func() bool { return b.tier.Stats().Told > 0 })
	if got := version(t, b, 7); got != 1 {
		t.Errorf("version %d", got)
	}
}

// TestListensAgain reads a listing while nobody tells of changes, and misses that it changes: it is not relied upon once
// changes are told again.
func TestListensAgain(t *testing.T) {
	server := miniredis.RunT(t)
	var db sharedStore
	s := newService(t, &db, &db, "redis://"+server.Addr(), uniqueMeta())
	s.tier.lost()
	version(t, s, 7)
	until(t, "a fill", func() bool { return s.tier.Stats().Filled == 1 })
	db.now.Store(1)
	server.Del(s.tier.key(7))
	s.tier.found()
	if got := version(t, s, 7); got != 1 {
		t.Errorf("version %d", got)
	}
}

// TestNoWayToForget has neither Redis nor the store take what must be forgotten: then the write is not said to be done.
func TestNoWayToForget(t *testing.T) {
	server := miniredis.RunT(t)
	var db sharedStore
	a := newService(t, &db, &db, "redis://"+server.Addr(), uniqueMeta())
	server.Close()
	db.mu.Lock()
	db.refuses = errors.New("read-only")
	db.mu.Unlock()
	if err := a.writer.ChangeListing(t.Context(), 7, nil); !errors.Is(err, ErrUncertain) {
		t.Errorf("error %v, want one that wraps ErrUncertain", err)
	}
}

// TestAnotherGeneration has one service begin a generation and another, which has not heard of it, change a listing in it.
func TestAnotherGeneration(t *testing.T) {
	var db sharedStore
	url, meta := redistest.Start(t), uniqueMeta()
	late := openRedis(t, &db, url, meta, RedisOptions{Generations: &db, PollEvery: time.Hour})
	if _, err := db.NewGeneration(t.Context()); err != nil {
		t.Fatal(err)
	}
	informed := openRedis(t, &db, url, meta, RedisOptions{Generations: &db})
	version(t, informed, 7)
	until(t, "a fill", func() bool { return informed.Stats().Filled == 1 })
	db.now.Store(1)
	if err := late.Forget(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	for _, tier := range []*Redis{informed, late} {
		if got := version(t, tier, 7); got != 1 {
			t.Errorf("version %d", got)
		}
	}
}
