package mongotest

import (
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// writes gathers what the answer to a write command says.
type writes struct {
	n, modified int32
	upserted    bson.A
	errors      bson.A
}

func (w *writes) reject(index int, code int32, message string, more ...bson.E) {
	e := bson.D{{Key: "index", Value: int32(index)}, {Key: "code", Value: code}, {Key: "errmsg", Value: message}}
	w.errors = append(w.errors, append(e, more...))
}

func (w *writes) rejectDuplicate(index int, id bson.RawValue) {
	w.reject(index, codeDuplicate, fmt.Sprintf("E11000 duplicate key error index: _id_ dup key: { _id: %s }", id),
		bson.E{Key: "keyPattern", Value: bson.D{{Key: "_id", Value: int32(1)}}},
		bson.E{Key: "keyValue", Value: bson.D{{Key: "_id", Value: id}}})
}

func (w *writes) reply(f *fake, more ...bson.E) bson.D {
	reply := append(bson.D{{Key: "n", Value: w.n}}, more...)
	if w.upserted != nil {
		reply = append(reply, bson.E{Key: "upserted", Value: w.upserted})
	}
	if w.errors != nil {
		reply = append(reply, bson.E{Key: "writeErrors", Value: w.errors})
	}
	if f.faults.WriteConcernError {
		reply = append(reply, bson.E{Key: "writeConcernError", Value: bson.D{
			{Key: "code", Value: int32(codeWriteConcern)}, {Key: "codeName", Value: "WriteConcernTimeout"},
			{Key: "errmsg", Value: "waiting for replication timed out"},
		}})
	}
	return reply
}

// isOrdered says whether a write command stops at its first error.
func isOrdered(req *request) bool {
	v, err := req.body.LookupErr("ordered")
	return err != nil || truthy(v)
}

func (f *fake) insert(req *request) (bson.D, error) {
	f.inserts++
	docs, err := req.documents("documents")
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 || len(docs) > maxWriteBatch {
		return nil, fail(codeBadValue, "an insert has 1 to %d documents, not %d", maxWriteBatch, len(docs))
	}
	switch f.inserts {
	case f.faults.RefuseInsert:
		return nil, &commandError{codeShutdown, "the server is shutting down", []string{"RetryableWriteError"}}
	case f.faults.CutInsert:
		insertAll(f.make(req), docs[:len(docs)/2], isOrdered(req))
		return nil, errCut
	}
	return insertAll(f.make(req), docs, isOrdered(req)).reply(f), nil
}

func insertAll(c *collection, docs []bson.Raw, ordered bool) *writes {
	w := &writes{}
	for i, doc := range docs {
		insertOne(w, c, i, doc)
		if ordered && w.errors != nil {
			break
		}
	}
	return w
}

// insertOne stores a document of its own bytes: those of a message would keep all of it in memory.
func insertOne(w *writes, c *collection, index int, doc bson.Raw) {
	if err := doc.Validate(); err != nil {
		w.reject(index, codeBadValue, err.Error())
		return
	}
	if len(doc) > maxDocumentBytes {
		w.reject(index, codeTooLarge, fmt.Sprintf("the document has %d bytes, the limit is %d", len(doc), maxDocumentBytes))
		return
	}
	doc, id, err := withID(doc)
	if err != nil {
		w.reject(index, codeBadValue, err.Error())
		return
	}
	key := orderKey(id)
	at, taken := c.search(key)
	if taken {
		w.rejectDuplicate(index, id)
		return
	}
	c.insertAt(at, key, doc)
	w.n++
}

// withID returns a copy of doc that has its _id, or a new one, in front.
func withID(doc bson.Raw) (bson.Raw, bson.RawValue, error) {
	first, err := doc.IndexErr(0)
	if err == nil && first.Key() == "_id" {
		doc = append(bson.Raw(nil), doc...)
		return doc, doc.Lookup("_id"), nil
	}
	fields, err := fieldsOf(doc)
	if err != nil {
		return nil, bson.RawValue{}, err
	}
	id, hasID := cutField(&fields, "_id")
	if !hasID {
		id = bson.NewObjectID()
	}
	doc, err = bson.Marshal(append(bson.D{{Key: "_id", Value: id}}, fields...))
	return doc, doc.Lookup("_id"), err
}

func (f *fake) delete(req *request) (bson.D, error) {
	deletes, err := req.documents("deletes")
	if err != nil {
		return nil, err
	}
	w := &writes{}
	_, c := f.target(req)
	for _, d := range deletes {
		filter, _ := d.Lookup("q").DocumentOK()
		found, err := c.match(filter, int(d.Lookup("limit").AsInt64()))
		if err != nil {
			return nil, err
		}
		for i := len(found) - 1; i >= 0; i-- {
			c.removeAt(found[i])
		}
		w.n += int32(len(found))
	}
	return w.reply(f), nil
}
