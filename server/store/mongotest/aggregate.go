package mongotest

import "go.mongodb.org/mongo-driver/v2/bson"

// aggregate runs the stages that count and look documents up: $match, $sort, $skip, $limit, $count, and a $group of all
// documents that counts them. Others are refused; a test that needs one needs a real server.
func (f *fake) aggregate(req *request) (bson.D, error) {
	name, c := f.target(req)
	stages, err := req.documents("pipeline")
	if err != nil {
		return nil, err
	}
	docs, err := c.query(nil, nil, 0, 0)
	if err != nil {
		return nil, err
	}
	for _, stage := range stages {
		first, err := stage.IndexErr(0)
		if err != nil {
			return nil, fail(codeUnknownStage, "a stage without a name")
		}
		if docs, err = runStage(docs, first.Key(), first.Value()); err != nil {
			return nil, err
		}
	}
	options, _ := req.body.Lookup("cursor").DocumentOK()
	return f.openCursor(req, name, docs, intOr(options, "batchSize", firstBatch), false), nil
}

func runStage(docs []bson.Raw, name string, operand bson.RawValue) ([]bson.Raw, error) {
	switch name {
	case "$match":
		filter, _ := operand.DocumentOK()
		return filterDocuments(docs, filter)
	case "$sort":
		by, _ := operand.DocumentOK()
		return docs, sortDocuments(docs, by)
	case "$skip":
		return docs[min(max(0, operand.AsInt64()), int64(len(docs))):], nil
	case "$limit":
		return docs[:min(max(0, operand.AsInt64()), int64(len(docs)))], nil
	case "$count":
		key, _ := operand.StringValueOK()
		return countDocuments(docs, bson.D{{Key: key, Value: int32(len(docs))}})
	case "$group":
		return groupDocuments(docs, operand)
	}
	return nil, fail(codeUnknownStage, "Unrecognized pipeline stage name: '%s'", name)
}

func filterDocuments(docs []bson.Raw, filter bson.Raw) ([]bson.Raw, error) {
	var found []bson.Raw
	for _, doc := range docs {
		ok, err := matches(filter, doc)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, doc)
		}
	}
	return found, nil
}

// groupDocuments does {_id: constant, name: {$sum: 1}}, which is how the driver counts.
func groupDocuments(docs []bson.Raw, operand bson.RawValue) ([]bson.Raw, error) {
	group, ok := operand.DocumentOK()
	if !ok {
		return nil, fail(codeBadValue, "$group needs a document")
	}
	fields, err := group.Elements()
	if err != nil {
		return nil, fail(codeBadValue, "$group: %v", err)
	}
	reply := bson.D{}
	for _, e := range fields {
		sum, isDocument := e.Value().DocumentOK()
		switch {
		case e.Key() == "_id" && (e.Value().IsNumber() || e.Value().Type == bson.TypeNull):
			reply = append(reply, bson.E{Key: "_id", Value: e.Value()})
		case isDocument && intOr(sum, "$sum", 0) == 1:
			reply = append(reply, bson.E{Key: e.Key(), Value: int32(len(docs))})
		default:
			return nil, fail(codeBadValue, "the stand-in groups all documents, and counts them: %s", e.Key())
		}
	}
	return countDocuments(docs, reply)
}

// countDocuments returns a count as a stage does: nothing if there is nothing to count.
func countDocuments(docs []bson.Raw, reply bson.D) ([]bson.Raw, error) {
	if len(docs) == 0 {
		return nil, nil
	}
	doc, err := bson.Marshal(reply)
	return []bson.Raw{doc}, err
}
