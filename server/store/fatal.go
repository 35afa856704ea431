package store

import "fmt"

// quietLogger drops what the database reports of its daily business. Where the database would end the process, it
// panics with a fatalError, for guard to catch.
type quietLogger struct{}

type fatalError struct{ err error }

func (quietLogger) Infof(string, ...any)  {}
func (quietLogger) Errorf(string, ...any) {}

func (quietLogger) Fatalf(format string, args ...any) {
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			panic(fatalError{err})
		}
	}
	panic(fatalError{fmt.Errorf(format, args...)})
}

// guard calls f and returns its error. The database wants to end the whole process when it cannot write its journal
// of tables, most likely because the disk is full; guard makes that an error too, with fatal set. What is on disk is
// then as after a crash, which the next opening mends, but the open database must not be touched again: it may hold
// locks for ever.
func guard(f func() error) (fatal bool, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case fatalError:
			fatal, err = true, r.err
		default:
			panic(r)
		}
	}()
	return false, f()
}
