package store

import (
	"bytes"
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// A listing that was read before a change must not be filled in after it, however long who read it was held up. So who
// misses an entry puts a lease into its place before it asks the store: a value that nobody else has. It may fill the
// entry only while its own lease is still there. A change removes whatever is there, entry or lease, once the store has
// it: a fill that is older finds no lease and is refused, and so is one whose lease has ended or was evicted.

const leaseMark = "L"

func isLease(raw []byte) bool { return len(raw) == 17 && bytes.HasPrefix(raw, []byte(leaseMark)) }

// lease puts a lease into an empty place and returns it, empty if somebody else has one, or Redis failed.
func (r *Redis) lease(key string) string {
	token := leaseMark + newToken()
	cmd := redis.NewBoolCmd(r.done, "set", key, token, "px", r.opts.LeaseTTL.Milliseconds(), "nx")
	err := r.reads.Submit(r.done, cmd).WaitContext(r.limit())
	switch {
	case errors.Is(err, redis.Nil):
		return ""
	case err != nil:
		r.counts.failures.Add(1)
		r.giveUp(err)
		return ""
	}
	if ok, _ := cmd.Result(); !ok {
		return ""
	}
	return token
}

// fillScript writes an entry where its lease is, and says whether it did.
const fillScript = `if redis.call('get',KEYS[1])~=ARGV[1] then return 0 end ` +
	`redis.call('set',KEYS[1],ARGV[2],'px',ARGV[3]) return 1`

// queue adds the writing of an entry to a pipeline.
func (f fill) queue(ctx context.Context, pipe redis.Pipeliner) *redis.Cmd {
	value := f.value
	if value == nil {
		value = []byte(noListing)
	}
	return pipe.Eval(ctx, fillScript, []string{f.key}, f.lease, value, max(f.ttl.Milliseconds(), 1))
}

// remove removes an entry that is of no use.
func (r *Redis) remove(key string) {
	if err := r.client.Del(r.limit(), key).Err(); err != nil {
		r.counts.failures.Add(1)
		r.giveUp(err)
	}
}
