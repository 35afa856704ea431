package mongotest

import (
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// cursor is what a query found and has not handed out.
type cursor struct {
	name string // of the collection
	docs []bson.Raw
}

// firstBatch is how many documents a query that says nothing gets at first, and maxBatchBytes the size of any batch.
const (
	firstBatch    = 101
	maxBatchBytes = maxDocumentBytes
)

func (f *fake) find(req *request) (bson.D, error) {
	name, c := f.target(req)
	filter, _ := req.body.Lookup("filter").DocumentOK()
	sort, _ := req.body.Lookup("sort").DocumentOK()
	docs, err := c.query(filter, sort, intOr(req.body, "skip", 0), intOr(req.body, "limit", 0))
	if err != nil {
		return nil, err
	}
	if projection, ok := req.body.Lookup("projection").DocumentOK(); ok {
		if docs, err = project(docs, projection); err != nil {
			return nil, err
		}
	}
	single := truthy(req.body.Lookup("singleBatch"))
	return f.openCursor(req, name, docs, intOr(req.body, "batchSize", firstBatch), single), nil
}

// query returns what find and aggregate begin with. A negative limit is its absolute value.
func (c *collection) query(filter, sort bson.Raw, skip, limit int64) ([]bson.Raw, error) {
	found, err := c.match(filter, 0)
	if err != nil {
		return nil, err
	}
	docs := make([]bson.Raw, len(found))
	for i, at := range found {
		docs[i] = c.docs[at]
	}
	if err := sortDocuments(docs, sort); err != nil {
		return nil, err
	}
	docs = docs[min(skip, int64(len(docs))):]
	if limit = max(limit, -limit); limit > 0 {
		docs = docs[:min(limit, int64(len(docs)))]
	}
	return docs, nil
}

func sortDocuments(docs []bson.Raw, sort bson.Raw) error {
	if len(sort) == 0 {
		return nil
	}
	by, err := sort.Elements()
	if err != nil {
		return fail(codeBadValue, "sort: %v", err)
	}
	slices.SortStableFunc(docs, func(a, b bson.Raw) int {
		for _, e := range by {
			order := compareField(a, b, e.Key())
			if e.Value().AsInt64() < 0 {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
	return nil
}

// project leaves the fields of docs that projection includes, and _id unless that is excluded.
func project(docs []bson.Raw, projection bson.Raw) ([]bson.Raw, error) {
	elements, err := projection.Elements()
	if err != nil || len(elements) == 0 {
		return docs, err
	}
	keep := map[string]bool{"_id": true}
	for _, e := range elements {
		if !truthy(e.Value()) && (e.Key() != "_id" || len(elements) == 1) {
			return nil, fail(codeBadValue, "the stand-in knows no projection that leaves %s out", e.Key())
		}
		keep[e.Key()] = truthy(e.Value())
	}
	out := make([]bson.Raw, len(docs))
	for i, doc := range docs {
		fields, err := fieldsOf(doc)
		if err != nil {
			return nil, err
		}
		fields = slices.DeleteFunc(fields, func(e bson.E) bool { return !keep[e.Key] })
		if out[i], err = bson.Marshal(fields); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// openCursor answers a query with its first batch, and keeps what is left.
func (f *fake) openCursor(req *request, name string, docs []bson.Raw, size int64, single bool) bson.D {
	batch, rest := cutBatch(docs, size)
	id := int64(0)
	if len(rest) > 0 && !single {
		f.lastCursor++
		id = f.lastCursor
		f.cursors[id] = &cursor{name: name, docs: rest}
	}
	return cursorReply(req, name, id, "firstBatch", batch)
}

func cursorReply(req *request, name string, id int64, key string, batch []bson.Raw) bson.D {
	return bson.D{{Key: "cursor", Value: bson.D{
		{Key: "id", Value: id}, {Key: "ns", Value: req.db + "." + name}, {Key: key, Value: batch},
	}}}
}

// cutBatch cuts a batch of up to size documents off. It has one however large that is, unless size is 0.
func cutBatch(docs []bson.Raw, size int64) (batch, rest []bson.Raw) {
	n, bytes := 0, 0
	for n < len(docs) && int64(n) < size && (n == 0 || bytes+len(docs[n]) <= maxBatchBytes) {
		bytes += len(docs[n])
		n++
	}
	return append([]bson.Raw{}, docs[:n]...), docs[n:]
}

func (f *fake) getMore(req *request) (bson.D, error) {
	id := req.body.Index(0).Value().AsInt64()
	c, ok := f.cursors[id]
	if !ok {
		return nil, fail(codeCursorNotFound, "cursor id %d not found", id)
	}
	var batch []bson.Raw
	batch, c.docs = cutBatch(c.docs, intOr(req.body, "batchSize", int64(len(c.docs))))
	if len(c.docs) == 0 {
		delete(f.cursors, id)
		id = 0
	}
	return cursorReply(req, c.name, id, "nextBatch", batch), nil
}

func (f *fake) killCursors(req *request) (bson.D, error) {
	killed, missing := bson.A{}, bson.A{}
	ids, _ := req.body.Lookup("cursors").ArrayOK()
	values, err := ids.Values()
	if err != nil {
		return nil, fail(codeBadValue, "cursors: %v", err)
	}
	for _, v := range values {
		if _, ok := f.cursors[v.AsInt64()]; !ok {
			missing = append(missing, v)
			continue
		}
		delete(f.cursors, v.AsInt64())
		killed = append(killed, v)
	}
	return bson.D{{Key: "cursorsKilled", Value: killed}, {Key: "cursorsNotFound", Value: missing}}, nil
}

func (f *fake) count(req *request) (bson.D, error) {
	_, c := f.target(req)
	filter, _ := req.body.Lookup("query").DocumentOK()
	docs, err := c.query(filter, nil, intOr(req.body, "skip", 0), intOr(req.body, "limit", 0))
	if err != nil {
		return nil, err
	}
	return bson.D{{Key: "n", Value: int32(len(docs))}}, nil
}

func intOr(doc bson.Raw, key string, otherwise int64) int64 {
	if n, ok := doc.Lookup(key).AsInt64OK(); ok {
		return n
	}
	return otherwise
}
