package attack

import "time"

// Deaf is a shard that keeps nothing: for what is sent and not recorded, and to be embedded where only some of what a
// shard is told matters.
type Deaf struct{}

// Add forgets a result.
func (Deaf) Add(*Result) {}

// Unsent forgets a request that was never sent.
func (Deaf) Unsent(time.Time) {}

// UserStarted forgets a user who began.
func (Deaf) UserStarted(time.Time, int) {}

// UserEnded forgets a user who ended.
func (Deaf) UserEnded(time.Time, time.Duration, Outcome) {}

// UserSkipped forgets an arrival.
func (Deaf) UserSkipped(time.Time) {}

// UserError forgets why a user ended.
func (Deaf) UserError(time.Time, string) {}

// Count forgets what a script counts.
func (Deaf) Count(time.Time, string, int64) {}

// Check forgets what a script asserts.
func (Deaf) Check(time.Time, string, string, bool) {}
