package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
)

// Generations is a store that says which of the entries that services share are of what it holds: those of one
// generation. A new one makes all others past, for every service that looks.
type Generations interface {
	Generation(ctx context.Context) (string, error)
	NewGeneration(ctx context.Context) (string, error)
}

// errNoRedis says that Redis is given up.
var errNoRedis = errors.New("the cache does not answer")

// Forget removes the entry of a listing that this service has changed, and tells the other services. What Redis cannot be
// told, because it is down, slow or cut off, it must not tell anybody later: then the store begins a new generation. The
// others look for that every second. An error says that this failed as well.
func (r *Redis) Forget(ctx context.Context, id int64) error {
	r.watching.wrote.Store(true)
	err := errNoRedis
	if !r.health.down.Load() {
		err = r.forgetIn(ctx, id)
	}
	if err != nil {
		if err = r.renew(ctx); err == nil {
			r.counts.generations.Add(1)
		}
	}
	r.forgetFlights(id)
	return err
}

// forgetIn removes the entry of the generation that the store is in now, which another service may have begun: what is
// filled in one that begins later is read after this change.
func (r *Redis) forgetIn(ctx context.Context, id int64) error {
	if r.opts.Generations != nil {
		if err := r.follow(ctx); err != nil {
			return err
		}
	}
	err := r.tell(ctx, id)
	if err != nil {
		r.counts.failures.Add(1)
		r.giveUp(err)
	}
	return err
}

// tell removes an entry and then tells the other services: who hears of it finds the entry gone.
func (r *Redis) tell(ctx context.Context, id int64) error {
	limited, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	if err := r.client.Del(limited, r.key(id)).Err(); err != nil {
		return fmt.Errorf("remove an entry: %w", err)
	}
	if err := r.client.Publish(limited, r.channel(), strconv.FormatInt(id, 10)).Err(); err != nil {
		return fmt.Errorf("tell of a change: %w", err)
	}
	r.counts.forgotten.Add(1)
	return nil
}

// forgetFlights lets no reader that comes now wait for an answer to a question that was asked before.
func (r *Redis) forgetFlights(id int64) {
	key, under := r.key(id), r.flights.Load()
	under.reading.Forget(key)
	under.loading.Forget(key)
}

// renew begins a new generation. Without Generations there is none, and entries live until their end.
func (r *Redis) renew(ctx context.Context) error {
	if r.opts.Generations == nil {
		return nil
	}
	select {
	case r.watching.turn <- struct{}{}: // the last to begin one is the last to adopt one
		defer func() { <-r.watching.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	token, err := r.opts.Generations.NewGeneration(ctx)
	if err != nil {
		return err
	}
	r.prefix.Store(r.prefixOf(token))
	return nil
}

// follow has reads and fills use the entries of the generation that the store is in.
func (r *Redis) follow(ctx context.Context) error {
	before := r.prefix.Load()
	token, err := r.opts.Generations.Generation(ctx)
	if err != nil {
		return err
	}
	now := r.prefixOf(token)
	if *now == *before || !r.prefix.CompareAndSwap(before, now) { // renew has just stored a newer one
		return nil
	}
	r.forgetAll()
	r.counts.generations.Add(1)
	return nil
}

// prefixOf returns what the keys of a generation begin with. The first one has no name in the store.
func (r *Redis) prefixOf(generation string) *string {
	prefix := r.base + "w" + cmp.Or(generation, "0") + ":"
	return &prefix
}

// firstGeneration asks for the generation before the first read.
func (r *Redis) firstGeneration() error {
	r.prefix.Store(r.prefixOf(""))
	if r.opts.Generations == nil {
		return nil
	}
	token, err := r.opts.Generations.Generation(r.done)
	if err == nil {
		r.prefix.Store(r.prefixOf(token))
	}
	return err
}

// channel is where services tell of their changes. It does not depend on the generation, so that they understand each
// other while one does not know of a new one yet.
func (r *Redis) channel() string { return r.base + "changed" }
