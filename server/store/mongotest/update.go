package mongotest

import (
	"bytes"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// update replaces documents, or changes them with $set, $setOnInsert and $unset.
func (f *fake) update(req *request) (bson.D, error) {
	updates, err := req.documents("updates")
	if err != nil {
		return nil, err
	}
	w := &writes{}
	c := f.make(req)
	for i, u := range updates {
		if err := updateOne(w, c, i, u); err != nil {
			return nil, err
		}
		if w.errors != nil && isOrdered(req) {
			break
		}
	}
	return w.reply(f, bson.E{Key: "nModified", Value: w.modified}), nil
}

func updateOne(w *writes, c *collection, index int, u bson.Raw) error {
	filter, _ := u.Lookup("q").DocumentOK()
	change, ok := u.Lookup("u").DocumentOK()
	if !ok {
		return fail(codeBadValue, "the stand-in knows no update that is a pipeline")
	}
	limit := 1
	if truthy(u.Lookup("multi")) {
		limit = 0
	}
	found, err := c.match(filter, limit)
	if err != nil {
		return err
	}
	if len(found) == 0 && truthy(u.Lookup("upsert")) {
		return upsert(w, c, index, filter, change)
	}
	for _, at := range found {
		doc, err := changed(c.docs[at], change, false)
		if err != nil {
			return err
		}
		if orderKey(doc.Lookup("_id")) != c.keys[at] {
			return fail(66, "an update may not change the _id")
		}
		if !bytes.Equal(doc, c.docs[at]) {
			w.modified++
		}
		c.docs[at] = doc
		w.n++
	}
	return nil
}

// upsert adds the document that an update would have made of one that has what its filter asks for.
func upsert(w *writes, c *collection, index int, filter, change bson.Raw) error {
	start := bson.D{}
	if len(filter) > 0 {
		conditions, err := filter.Elements()
		if err != nil {
			return fail(codeBadValue, "filter: %v", err)
		}
		for _, e := range conditions {
			if !isOperators(e.Value()) && (isOperatorUpdate(change) || e.Key() == "_id") {
				start = append(start, bson.E{Key: e.Key(), Value: e.Value()})
			}
		}
	}
	doc, err := bson.Marshal(start)
	if err != nil {
		return err
	}
	made, err := changed(doc, change, true)
	if err != nil {
		return err
	}
	made, id, err := withID(made)
	if err != nil {
		return err
	}
	before := len(w.errors)
	if insertOne(w, c, index, made); len(w.errors) == before {
		w.upserted = append(w.upserted, bson.D{{Key: "index", Value: int32(index)}, {Key: "_id", Value: id}})
	}
	return nil
}

func isOperatorUpdate(change bson.Raw) bool {
	first, err := change.IndexErr(0)
	return err == nil && strings.HasPrefix(first.Key(), "$")
}

// changed returns what an update makes of a document; a replacement keeps its _id.
func changed(doc, change bson.Raw, inserting bool) (bson.Raw, error) {
	if !isOperatorUpdate(change) {
		fields, err := fieldsOf(change)
		if err != nil {
			return nil, err
		}
		if id, err := doc.LookupErr("_id"); err == nil {
			if _, has := cutField(&fields, "_id"); !has || orderKey(change.Lookup("_id")) == orderKey(id) {
				fields = append(bson.D{{Key: "_id", Value: id}}, fields...)
			} else {
				return change, nil
			}
		}
		return bson.Marshal(fields)
	}
	fields, err := fieldsOf(doc)
	if err != nil {
		return nil, err
	}
	operators, err := change.Elements()
	if err != nil {
		return nil, fail(codeBadValue, "update: %v", err)
	}
	for _, op := range operators {
		if err := applyOperator(&fields, op, inserting); err != nil {
			return nil, err
		}
	}
	return bson.Marshal(fields)
}

func applyOperator(fields *bson.D, op bson.RawElement, inserting bool) error {
	operand, ok := op.Value().DocumentOK()
	if !ok {
		return fail(codeBadValue, "%s needs a document", op.Key())
	}
	values, err := fieldsOf(operand)
	if err != nil {
		return err
	}
	if op.Key() == "$setOnInsert" && !inserting {
		return nil
	}
	for _, v := range values {
		switch op.Key() {
		case "$set", "$setOnInsert":
			setField(fields, v)
		case "$unset":
			cutField(fields, v.Key)
		default:
			return fail(codeBadValue, "the stand-in does not know the update %s", op.Key())
		}
	}
	return nil
}

// fieldsOf takes a document apart; the values are still its bytes.
func fieldsOf(doc bson.Raw) (bson.D, error) {
	elements, err := doc.Elements()
	if err != nil {
		return nil, fail(codeBadValue, "document: %v", err)
	}
	fields := make(bson.D, 0, len(elements))
	for _, e := range elements {
		fields = append(fields, bson.E{Key: e.Key(), Value: e.Value()})
	}
	return fields, nil
}

func setField(fields *bson.D, v bson.E) {
	i := slices.IndexFunc(*fields, func(e bson.E) bool { return e.Key == v.Key })
	if i < 0 {
		*fields = append(*fields, v)
		return
	}
	(*fields)[i] = v
}

func cutField(fields *bson.D, key string) (any, bool) {
	i := slices.IndexFunc(*fields, func(e bson.E) bool { return e.Key == key })
	if i < 0 {
		return nil, false
	}
	v := (*fields)[i].Value
	*fields = slices.Delete(*fields, i, i+1)
	return v, true
}
