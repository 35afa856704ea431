package mongotest

import (
	"bufio"
	"context"
	"net"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Faults is what goes wrong at a stand-in. The zero value is a server that does what it can.
type Faults struct {
	Unauthorized      bool   // a login is refused (18), and everything else without one (13)
	RefuseInsert      int    // the insert command of this number, from 1, stores nothing and may be tried again (91)
	CutInsert         int    // that insert command stores half its documents, and the connection is closed
	Hang              string // this command, or every one with "*", is never answered
	WriteConcernError bool   // every write is done, but the write concern does not hold (64)

	Observe func(db string, command bson.Raw) // called with each command, from several goroutines; documents in sections are not in it
}

// StartFake starts a stand-in with faults and returns its URI, which names a database. The stand-in ends with the test.
func StartFake(tb testing.TB, faults Faults) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &fake{faults: faults, done: ctx.Done(), conns: map[net.Conn]bool{}, databases: map[string]database{}, cursors: map[int64]*cursor{}}
	f.running.Go(func() { f.accept(l) })
	tb.Cleanup(func() {
		cancel()
		_ = l.Close()
		f.closeConns()
		f.running.Wait()
	})
	return "mongodb://" + l.Addr().String() + "/" + newDatabase()
}

// fake is an in-memory stand-in for a MongoDB server: one that stands alone, without users. Its memory is what the
// test inserts, and for each open cursor the list of its documents.
type fake struct {
	faults  Faults
	done    <-chan struct{}
	running sync.WaitGroup

	connMu sync.Mutex
	closed bool
	conns  map[net.Conn]bool

	mu         sync.Mutex // guards what follows
	databases  map[string]database
	cursors    map[int64]*cursor
	lastCursor int64
	inserts    int // insert commands so far
}

// accept serves connections until the listener is closed.
func (f *fake) accept(l net.Listener) {
	for number := int32(1); ; number++ {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if !f.keep(conn) {
			return
		}
		f.running.Go(func() { f.serve(conn, number) })
	}
}

// keep remembers a connection so that it can be closed; it returns false if the stand-in has ended.
func (f *fake) keep(conn net.Conn) bool {
	f.connMu.Lock()
	defer f.connMu.Unlock()
	if f.closed {
		_ = conn.Close()
		return false
	}
	f.conns[conn] = true
	return true
}

func (f *fake) forget(conn net.Conn) {
	f.connMu.Lock()
	defer f.connMu.Unlock()
	delete(f.conns, conn)
	_ = conn.Close()
}

func (f *fake) closeConns() {
	f.connMu.Lock()
	defer f.connMu.Unlock()
	f.closed = true
	for conn := range f.conns {
		_ = conn.Close()
	}
}

// serve answers the commands of one connection, one after the other, until it is closed.
func (f *fake) serve(conn net.Conn, number int32) {
	defer f.forget(conn)
	in := bufio.NewReader(conn)
	for {
		req, err := readRequest(in)
		if err != nil {
			return
		}
		reply, err := f.answer(req, number)
		if err != nil {
			return
		}
		if req.silent {
			continue
		}
		if _, err := conn.Write(req.encodeReply(reply)); err != nil {
			return
		}
	}
}

// answer returns the reply to a command; an error means that the connection is to be closed.
func (f *fake) answer(req *request, number int32) (bson.Raw, error) {
	if f.faults.Observe != nil {
		f.faults.Observe(req.db, req.body)
	}
	if f.faults.Hang == "*" || f.faults.Hang == req.name {
		<-f.done
		return nil, errCut
	}
	reply, err := f.run(req, number)
	if err == errCut {
		return nil, err
	}
	if err != nil {
		reply = errorReply(err)
	} else {
		reply = append(reply, bson.E{Key: "ok", Value: 1.0})
	}
	return bson.Marshal(reply)
}

// newDatabase returns a name that no other test has.
func newDatabase() string { return "imgsvc_test_" + bson.NewObjectID().Hex() }
