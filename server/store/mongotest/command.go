package mongotest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// The codes of errors, as MongoDB numbers them.
const (
	codeBadValue        = 2
	codeUnauthorized    = 13
	codeAuthentication  = 18
	codeNamespace       = 26
	codeCursorNotFound  = 43
	codeNamespaceExists = 48
	codeCommandNotFound = 59
	codeWriteConcern    = 64
	codeShutdown        = 91
	codeTooLarge        = 10334
	codeDuplicate       = 11000
	codeUnknownStage    = 40324
)

// errCut says that the connection is to be closed without an answer.
var errCut = errors.New("cut")

// commandError is what a command answers if it cannot be done.
type commandError struct {
	code    int32
	message string
	labels  []string
}

func (e *commandError) Error() string { return e.message }

func fail(code int32, format string, args ...any) error {
	return &commandError{code: code, message: fmt.Sprintf(format, args...)}
}

func errorReply(err error) bson.D {
	var known *commandError
	if !errors.As(err, &known) {
		known = &commandError{code: codeBadValue, message: err.Error()}
	}
	reply := bson.D{{Key: "ok", Value: 0.0}, {Key: "errmsg", Value: known.message}, {Key: "code", Value: known.code}}
	if known.labels != nil {
		reply = append(reply, bson.E{Key: "errorLabels", Value: known.labels})
	}
	return reply
}

// run does a command and returns its answer without the ok.
func (f *fake) run(req *request, number int32) (bson.D, error) {
	switch req.name {
	case "hello", "isMaster", "ismaster":
		return helloReply(req, number), nil
	case "saslStart":
		return nil, fail(codeAuthentication, "Authentication failed.")
	}
	if f.faults.Unauthorized {
		return nil, fail(codeUnauthorized, "command %s requires authentication", req.name)
	}
	if len(req.body) > maxCommandBytes {
		return nil, fail(codeTooLarge, "the command %s has %d bytes, the limit is %d", req.name, len(req.body), maxCommandBytes)
	}
	do, known := commands()[req.name]
	if !known {
		return nil, fail(codeCommandNotFound, "no such command: '%s'", req.name)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return do(f, req)
}

func commands() map[string]func(*fake, *request) (bson.D, error) {
	nothing := func(*fake, *request) (bson.D, error) { return nil, nil }
	return map[string]func(*fake, *request) (bson.D, error){
		"ping": nothing, "endSessions": nothing,
		"buildInfo": buildInfo, "buildinfo": buildInfo,
		"insert": (*fake).insert, "update": (*fake).update, "delete": (*fake).delete,
		"find": (*fake).find, "count": (*fake).count, "aggregate": (*fake).aggregate,
		"getMore": (*fake).getMore, "killCursors": (*fake).killCursors,
		"create": (*fake).create, "drop": (*fake).drop, "dropDatabase": (*fake).dropDatabase,
		"listCollections": (*fake).listCollections,
	}
}

// helloReply describes a server that stands alone.
func helloReply(req *request, number int32) bson.D {
	primary := "ismaster"
	if req.name == "hello" {
		primary = "isWritablePrimary"
	}
	return bson.D{
		{Key: primary, Value: true},
		{Key: "helloOk", Value: true},
		{Key: "maxBsonObjectSize", Value: int32(maxDocumentBytes)},
		{Key: "maxMessageSizeBytes", Value: int32(maxMessageBytes)},
		{Key: "maxWriteBatchSize", Value: int32(maxWriteBatch)},
		{Key: "localTime", Value: time.Now()},
		{Key: "logicalSessionTimeoutMinutes", Value: int32(30)},
		{Key: "connectionId", Value: number},
		{Key: "minWireVersion", Value: int32(0)},
		{Key: "maxWireVersion", Value: int32(21)},
		{Key: "readOnly", Value: false},
	}
}

func buildInfo(*fake, *request) (bson.D, error) {
	return bson.D{
		{Key: "version", Value: "7.0.0"},
		{Key: "gitVersion", Value: "stand-in"},
		{Key: "versionArray", Value: []int32{7, 0, 0, 0}},
		{Key: "maxBsonObjectSize", Value: int32(maxDocumentBytes)},
	}, nil
}

// database is the collections of one, by name.
type database map[string]*collection

// target is the collection that a command is for, nil if there is none.
func (f *fake) target(req *request) (string, *collection) {
	name, _ := req.body.Index(0).Value().StringValueOK()
	return name, f.databases[req.db][name]
}

// make returns the collection that a command is for, and makes it if there is none.
func (f *fake) make(req *request) *collection {
	name, c := f.target(req)
	if c != nil {
		return c
	}
	if f.databases[req.db] == nil {
		f.databases[req.db] = database{}
	}
	c = &collection{}
	f.databases[req.db][name] = c
	return c
}

func (f *fake) create(req *request) (bson.D, error) {
	if name, c := f.target(req); c != nil {
		return nil, fail(codeNamespaceExists, "Collection %s.%s already exists.", req.db, name)
	}
	f.make(req)
	return nil, nil
}

func (f *fake) drop(req *request) (bson.D, error) {
	name, c := f.target(req)
	if c == nil {
		return nil, fail(codeNamespace, "ns not found")
	}
	delete(f.databases[req.db], name)
	return bson.D{{Key: "ns", Value: req.db + "." + name}}, nil
}

func (f *fake) dropDatabase(req *request) (bson.D, error) {
	delete(f.databases, req.db)
	return bson.D{{Key: "dropped", Value: req.db}}, nil
}

func (f *fake) listCollections(req *request) (bson.D, error) {
	var found []bson.Raw
	filter, _ := req.body.Lookup("filter").DocumentOK()
	for name := range f.databases[req.db] {
		doc, err := bson.Marshal(bson.D{{Key: "name", Value: name}, {Key: "type", Value: "collection"}})
		if err != nil {
			return nil, err
		}
		ok, err := matches(filter, doc)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, doc)
		}
	}
	slices.SortFunc(found, func(a, b bson.Raw) int { return compareField(a, b, "name") })
	return f.openCursor(req, "$cmd.listCollections", found, int64(len(found)), false), nil
}
