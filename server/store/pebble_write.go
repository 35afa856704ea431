package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
)

// Beside the listings, whose keys are their ids, a store that services write to has a mark for each listing that one
// wrote or deleted, and a generation. Their keys sort behind those of all listings.
const (
	markKey       = 0xff // and the id
	generationKey = 0xfe

	markWritten = "w"
	markDeleted = "d"
)

func appendMarkKey(dst []byte, id int64) []byte { return appendKey(append(dst, markKey), id) }

// commits are changes that wait to be written. One goroutine writes them, all that wait in one batch: the disk is synced
// once for all, and should that be fatal no other goroutine is caught inside the database.
type commits struct {
	mu      sync.Mutex
	waiting []*commit
	running bool
	group   sync.WaitGroup
}

// commit is one change.
type commit struct {
	apply func(*pebble.Batch) error
	done  chan struct{}
	err   error // once done is closed
}

// ChangeListing changes a listing. Once it returns nil, the change outlives a power cut. The listing and the mark that it
// was changed are written together or not at all. A change that is being written is waited for whatever becomes of ctx:
// only the disk can hold it up.
func (p *Pebble) ChangeListing(ctx context.Context, id int64, change Change) error {
	unlock, err := p.locks.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	old, err := p.FindListing(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	renewed, err := change(old)
	if err != nil || old.IsZero() && renewed.IsZero() {
		return err
	}
	err = p.commit(func(b *pebble.Batch) error {
		if renewed.IsZero() {
			return errors.Join(b.Delete(appendKey(nil, id), nil), b.Set(appendMarkKey(nil, id), []byte(markDeleted), nil))
		}
		return errors.Join(b.Set(appendKey(nil, id), renewed.raw, nil), b.Set(appendMarkKey(nil, id), []byte(markWritten), nil))
	})
	if err != nil {
		return fmt.Errorf("write listing %d to %s: %w", id, p.folder.dir, err)
	}
	return nil
}

// commit has a change written, and waits for it.
func (p *Pebble) commit(apply func(*pebble.Batch) error) error {
	c := &commit{apply: apply, done: make(chan struct{})}
	q := &p.commits
	q.mu.Lock()
	q.waiting = append(q.waiting, c)
	if !q.running {
		q.running = true
		q.group.Go(p.commitAll)
	}
	q.mu.Unlock()
	<-c.done
	return c.err
}

// commitAll writes what waits until nothing does.
func (p *Pebble) commitAll() {
	q := &p.commits
	for {
		q.mu.Lock()
		batch := q.waiting
		q.waiting = nil
		q.running = len(batch) > 0
		q.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		err := p.write(batch)
		for _, c := range batch {
			c.err = err
			close(c.done)
		}
	}
}

// write writes changes as one, durably. After a fatal error the store can be read and no longer written.
func (p *Pebble) write(all []*commit) error {
	p.ingesting.Lock()
	defer p.ingesting.Unlock()
	if p.broken != nil {
		return fmt.Errorf("%w\nstart the service again once its disk can be written", p.broken)
	}
	b := p.db.NewBatch()
	for _, c := range all {
		if err := c.apply(b); err != nil {
			return errors.Join(err, b.Close())
		}
	}
	fatal, err := guard(func() error { return p.db.Apply(b, pebble.Sync) })
	switch {
	case fatal:
		p.broken = err
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
			err = fmt.Errorf("%w\nfree some space and start the service again", err)
		}
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	return b.Close()
}

// Trace returns what services have done to a listing since the store was seeded.
func (p *Pebble) Trace(_ context.Context, id int64) (Trace, error) {
	mark, err := p.get(appendMarkKey(nil, id))
	switch {
	case err != nil || mark == "":
		return Untouched, err
	case mark == markDeleted:
		return Deleted, nil
	}
	return Written, nil
}

// Changed says whether a service has changed the store since it was seeded.
func (p *Pebble) Changed(ctx context.Context) (bool, error) {
	iter, err := p.db.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: []byte{markKey}})
	if err != nil {
		return false, fmt.Errorf("look for changes in %s: %w", p.folder.dir, err)
	}
	found := iter.First()
	return found, errors.Join(iter.Error(), iter.Close())
}

// Generation returns the generation of what shared caches may hold of the store, empty until the first NewGeneration.
func (p *Pebble) Generation(context.Context) (string, error) { return p.get([]byte{generationKey}) }

// NewGeneration makes all that shared caches hold of the store past, durably.
func (p *Pebble) NewGeneration(context.Context) (string, error) {
	token := newToken()
	err := p.commit(func(b *pebble.Batch) error { return b.Set([]byte{generationKey}, []byte(token), nil) })
	if err != nil {
		return "", fmt.Errorf("begin a new generation in %s: %w", p.folder.dir, err)
	}
	return token, nil
}

// PrepareWrites readies the store for its first change.
func (p *Pebble) PrepareWrites(ctx context.Context) error {
	have, err := p.Generation(ctx)
	if err == nil && have == "" {
		_, err = p.NewGeneration(ctx)
	}
	return err
}

// get returns a small value, empty if there is none.
func (p *Pebble) get(key []byte) (string, error) {
	value, closer, err := p.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read what services did to %s: %w", p.folder.dir, err)
	}
	text := string(value)
	return text, closer.Close()
}
