package store

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// pollEvery is how often a service looks for a new generation, and listenSilence how long it hears nothing from Redis
// before it asks whether the connection it listens on still works: after twice that it counts as lost.
const (
	pollEvery     = time.Second
	listenSilence = 500 * time.Millisecond
	listenAgain   = 100 * time.Millisecond // between two attempts to listen
)

// nearer is a cache in front of the tier. Forget is told of one listing that changed, ForgetAll that any may have, and
// Trust whether Forget will be told of all that change from now on.
type nearer interface {
	Forget(id int64)
	ForgetAll()
	Trust(told bool)
}

// watching is what the tier knows of the other services.
type watching struct {
	nearer nearer
	live   atomic.Bool   // whether it hears what they change
	wrote  atomic.Bool   // whether this service has changed something in the current generation
	owed   atomic.Bool   // whether a new generation is to begin, as soon as the store lets it
	turn   chan struct{} // held while one begins
}

// Watch listens to what other services change, and has the cache in front, which may be nil, forget it; and it looks for
// new generations. It is called once, before the first read, and ends with Close.
func (r *Redis) Watch(front *Cached) {
	if front != nil {
		r.watching.nearer = front
		front.Trust(false)
	}
	r.work.start(r.listenUntilStopped)
	if r.opts.Generations != nil {
		r.work.start(r.pollUntilStopped)
	}
}

func (r *Redis) listenUntilStopped() {
	for r.done.Err() == nil {
		_ = r.listen() // Redis is down: the tier's own reads say so
		r.lost()
		pause(r.done, listenAgain)
	}
}

// listen hears what others change until the connection fails.
func (r *Redis) listen() error {
	sub := r.client.Subscribe(r.done)
	hangUp := context.AfterFunc(r.done, func() { _ = sub.Close() }) // or a read would wait on
	defer func() {
		if hangUp() {
			_ = sub.Close()
		}
	}()
	limited, cancel := context.WithTimeout(r.done, r.opts.Timeout)
	defer cancel()
	if err := sub.Subscribe(limited, r.channel()); err != nil {
		return err
	}
	for asked := false; ; {
		message, err := sub.ReceiveTimeout(r.done, listenSilence)
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout() && !asked:
			asked = true
			if err := sub.Ping(r.done); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			asked = false
			r.hear(message)
		}
	}
}

// hear acts on what the connection says.
func (r *Redis) hear(message any) {
	switch m := message.(type) {
	case *redis.Subscription:
		r.found()
	case *redis.Message:
		if id, err := strconv.ParseInt(m.Payload, 10, 64); err == nil {
			r.forgetFlights(id)
			if r.watching.nearer != nil {
				r.watching.nearer.Forget(id)
			}
			r.counts.told.Add(1)
		}
	}
}

// found begins to rely on being told. What was read while nobody told is not relied upon. A Redis that was away may have
// come back with what it held some time before: entries that this service has removed since must not be used by anybody.
func (r *Redis) found() {
	if r.watching.owed.Load() {
		r.payGeneration()
	}
	r.forgetAll()
	r.watching.live.Store(true)
	if r.watching.nearer != nil {
		r.watching.nearer.Trust(true)
	}
}

// lost begins to rely on age alone.
func (r *Redis) lost() {
	if !r.watching.live.Swap(false) {
		return
	}
	if r.watching.wrote.Load() {
		r.watching.owed.Store(true)
	}
	if r.watching.nearer != nil {
		r.watching.nearer.Trust(false)
	}
	r.forgetAll()
}

// forgetAll has nobody who comes now use what was read, or asked for, until now.
func (r *Redis) forgetAll() {
	r.flights.Store(new(flights))
	if r.watching.nearer != nil {
		r.watching.nearer.ForgetAll()
	}
}

// payGeneration begins the generation that is owed. If the store does not let it, the next look tries again.
func (r *Redis) payGeneration() {
	limited, cancel := context.WithTimeout(r.done, r.opts.PollEvery)
	defer cancel()
	r.watching.wrote.Store(false)
	if r.renew(limited) == nil {
		r.watching.owed.Store(false)
		r.forgetAll()
		r.counts.generations.Add(1)
		return
	}
	r.watching.wrote.Store(true)
}

// pollUntilStopped looks for new generations.
func (r *Redis) pollUntilStopped() {
	every := time.NewTicker(r.opts.PollEvery)
	defer every.Stop()
	for {
		select {
		case <-r.done.Done():
			return
		case <-every.C:
			r.poll()
		}
	}
}

// poll looks once. A store that does not answer takes no changes either, so that what is known stays right.
func (r *Redis) poll() {
	if r.watching.owed.Load() && r.watching.live.Load() {
		r.payGeneration()
		return
	}
	limited, cancel := context.WithTimeout(r.done, r.opts.PollEvery)
	defer cancel()
	_ = r.follow(limited)
}
