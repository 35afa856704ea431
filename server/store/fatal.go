package store

import (
	"fmt"
	"runtime"
)

// quietLogger drops what the database reports of its daily business. Where the database would end the process, it
// panics with an error, for guard to catch.
type quietLogger struct{}

func (quietLogger) Infof(string, ...any)  {}
func (quietLogger) Errorf(string, ...any) {}

func (quietLogger) Fatalf(format string, args ...any) {
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			panic(err)
		}
	}
	panic(fmt.Errorf(format, args...))
}

// guard calls f and returns its error. When the database cannot write its journal of tables, most likely because the
// disk is full, it wants to end the process or panics with the error; guard makes that an error too, with fatal set.
// What is on disk is then as after a crash, which the next opening mends, but the open database must not be touched
// again: it may hold locks for ever.
func guard(f func() error) (fatal bool, err error) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		cause, ok := r.(error)
		if _, bug := r.(runtime.Error); bug || !ok {
			panic(r)
		}
		fatal, err = true, cause
	}()
	return false, f()
}
