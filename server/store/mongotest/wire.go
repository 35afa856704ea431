package mongotest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// The limits that the stand-in states and keeps: a real server's.
const (
	maxDocumentBytes = 16 << 20
	maxCommandBytes  = maxDocumentBytes + 16<<10 // a command's document, which may have a document of full size in it
	maxMessageBytes  = 48_000_000
	maxWriteBatch    = 100_000
)

// The messages of the wire protocol that the driver sends: all but a connection's first are opMsg.
const (
	opReply = 1
	opQuery = 2004
	opMsg   = 2013
)

const (
	headerBytes    = 16
	flagChecksum   = 1 << 0
	flagMoreToCome = 1 << 1
)

var errMalformed = errors.New("malformed message")

// request is one command as it was read off a connection.
type request struct {
	id       int32
	op       int32
	name     string
	db       string
	body     bson.Raw
	sections map[string][]bson.Raw // documents sent beside the body, by the name of the array they stand for
	silent   bool                  // the client wants no answer
}

// documents returns an array of documents of the command, whichever way it was sent.
func (r *request) documents(name string) ([]bson.Raw, error) {
	if docs, ok := r.sections[name]; ok {
		return docs, nil
	}
	array, ok := r.body.Lookup(name).ArrayOK()
	if !ok {
		return nil, fail(codeBadValue, "the command %s has no array %s", r.name, name)
	}
	values, err := array.Values()
	if err != nil {
		return nil, fail(codeBadValue, "%s: %v", name, err)
	}
	docs := make([]bson.Raw, len(values))
	for i, v := range values {
		if docs[i], ok = v.DocumentOK(); !ok {
			return nil, fail(codeBadValue, "%s.%d is no document", name, i)
		}
	}
	return docs, nil
}

// readRequest reads one message, of up to maxMessageBytes.
func readRequest(r io.Reader) (*request, error) {
	var head [headerBytes]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := int(int32(binary.LittleEndian.Uint32(head[:])))
	if size < headerBytes || size > maxMessageBytes {
		return nil, fmt.Errorf("%w: %d bytes", errMalformed, size)
	}
	text := make([]byte, size-headerBytes)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	req := &request{id: int32(binary.LittleEndian.Uint32(head[4:])), op: int32(binary.LittleEndian.Uint32(head[12:]))}
	var err error
	switch req.op {
	case opMsg:
		err = req.parseMsg(text)
	case opQuery:
		err = req.parseQuery(text)
	default:
		err = fmt.Errorf("%w: operation %d", errMalformed, req.op)
	}
	if err != nil {
		return nil, err
	}
	return req, req.parseBody()
}

// parseMsg takes an OP_MSG apart: flags, then sections, one of them the command itself.
func (r *request) parseMsg(text []byte) error {
	if len(text) < 4 {
		return errMalformed
	}
	flags := binary.LittleEndian.Uint32(text)
	r.silent = flags&flagMoreToCome != 0
	text = text[4:]
	if flags&flagChecksum != 0 {
		text = text[:max(0, len(text)-4)]
	}
	r.sections = map[string][]bson.Raw{}
	for len(text) > 0 {
		kind := text[0]
		var err error
		switch kind {
		case 0:
			r.body, text, err = cutDocument(text[1:])
		case 1:
			text, err = r.parseSequence(text[1:])
		default:
			err = fmt.Errorf("%w: section of kind %d", errMalformed, kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// parseSequence reads a section of kind 1: its size, its name and documents, and returns what follows it.
func (r *request) parseSequence(text []byte) ([]byte, error) {
	section, rest, err := cutSized(text)
	if err != nil {
		return nil, err
	}
	name, section, ok := cutString(section[4:])
	if !ok {
		return nil, errMalformed
	}
	docs := []bson.Raw{}
	for len(section) > 0 {
		var doc bson.Raw
		if doc, section, err = cutDocument(section); err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	r.sections[name] = docs
	return rest, nil
}

// parseQuery takes an OP_QUERY apart, which is how the driver says hello.
func (r *request) parseQuery(text []byte) error {
	if len(text) < 4 {
		return errMalformed
	}
	_, text, ok := cutString(text[4:])
	if !ok || len(text) < 8 {
		return errMalformed
	}
	var err error
	r.body, _, err = cutDocument(text[8:])
	return err
}

func (r *request) parseBody() error {
	first, err := r.body.IndexErr(0)
	if err != nil {
		return fmt.Errorf("%w: a command without a name", errMalformed)
	}
	if err := r.body.Validate(); err != nil {
		return fmt.Errorf("%w: %w", errMalformed, err)
	}
	r.name = first.Key()
	r.db, _ = r.body.Lookup("$db").StringValueOK()
	return nil
}

func cutDocument(text []byte) (bson.Raw, []byte, error) {
	doc, rest, err := cutSized(text)
	return bson.Raw(doc), rest, err
}

// cutSized cuts off what begins with its own size.
func cutSized(text []byte) (sized, rest []byte, err error) {
	if len(text) < 5 {
		return nil, nil, errMalformed
	}
	size := int(int32(binary.LittleEndian.Uint32(text)))
	if size < 5 || size > len(text) {
		return nil, nil, errMalformed
	}
	return text[:size:size], text[size:], nil
}

func cutString(text []byte) (string, []byte, bool) {
	for i, c := range text {
		if c == 0 {
			return string(text[:i]), text[i+1:], true
		}
	}
	return "", nil, false
}

// encodeReply writes the answer to r in the form it was asked in.
func (r *request) encodeReply(doc bson.Raw) []byte {
	var out []byte
	code := uint32(opMsg)
	if r.op == opQuery {
		code = opReply
		out = append(out, make([]byte, headerBytes+20)...)
		binary.LittleEndian.PutUint32(out[headerBytes+16:], 1) // one document; no flags, cursor or offset
	} else {
		out = append(out, make([]byte, headerBytes+5)...) // no flags, one section of kind 0
	}
	out = append(out, doc...)
	binary.LittleEndian.PutUint32(out, uint32(len(out)))
	binary.LittleEndian.PutUint32(out[8:], uint32(r.id))
	binary.LittleEndian.PutUint32(out[12:], code)
	return out
}
