package mongotest

import (
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// matches says whether doc is what filter asks for. It knows top-level fields and the comparisons in compare; anything
// else is an error, so that no test passes because a condition was overlooked.
func matches(filter, doc bson.Raw) (bool, error) {
	if len(filter) == 0 {
		return true, nil
	}
	conditions, err := filter.Elements()
	if err != nil {
		return false, fail(codeBadValue, "filter: %v", err)
	}
	for _, e := range conditions {
		ok, err := matchesField(doc, e.Key(), e.Value())
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

func matchesField(doc bson.Raw, field string, want bson.RawValue) (bool, error) {
	if strings.HasPrefix(field, "$") || strings.Contains(field, ".") {
		return false, fail(codeBadValue, "the stand-in does not know the condition %s", field)
	}
	have := doc.Lookup(field)
	if !isOperators(want) {
		return orderKey(have) == orderKey(want), nil
	}
	operators, err := want.Document().Elements()
	if err != nil {
		return false, fail(codeBadValue, "filter: %v", err)
	}
	for _, op := range operators {
		ok, err := compare(have, op.Key(), op.Value())
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// isOperators says whether the value of a condition is itself conditions, like {$gte: 5}.
func isOperators(v bson.RawValue) bool {
	doc, ok := v.DocumentOK()
	if !ok {
		return false
	}
	first, err := doc.IndexErr(0)
	return err == nil && strings.HasPrefix(first.Key(), "$")
}

// compare applies one operator. Only values of one kind are less or greater than another.
func compare(have bson.RawValue, op string, want bson.RawValue) (bool, error) {
	a, b := orderKey(have), orderKey(want)
	same := a[0] == b[0]
	switch op {
	case "$eq":
		return a == b, nil
	case "$ne":
		return a != b, nil
	case "$gt":
		return same && a > b, nil
	case "$gte":
		return same && a >= b, nil
	case "$lt":
		return same && a < b, nil
	case "$lte":
		return same && a <= b, nil
	case "$exists":
		return (have.Type != 0) == truthy(want), nil
	case "$in":
		return isIn(a, want)
	case "$nin":
		in, err := isIn(a, want)
		return !in, err
	}
	return false, fail(codeBadValue, "unknown operator: %s", op)
}

func isIn(key string, want bson.RawValue) (bool, error) {
	array, ok := want.ArrayOK()
	if !ok {
		return false, fail(codeBadValue, "$in needs an array")
	}
	values, err := array.Values()
	if err != nil {
		return false, fail(codeBadValue, "$in: %v", err)
	}
	return slices.ContainsFunc(values, func(v bson.RawValue) bool { return orderKey(v) == key }), nil
}

func truthy(v bson.RawValue) bool {
	if b, ok := v.BooleanOK(); ok {
		return b
	}
	n, ok := v.AsFloat64OK()
	return ok && n != 0
}
