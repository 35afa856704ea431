package reports

import (
	"encoding/json"
	"fmt"
)

// upgrade turns the document of one schema number into that of the next. It works on the members of the text, as the
// types of this package are those of the newest only.
type upgrade func(members map[string]json.RawMessage) error

// upgrades returns what turns schema 1 into 2, 2 into 3, and so on: one less than Schema.
func upgrades() []upgrade { return nil }

// upgraded returns the document of schema from as one of the schema that the chain ends in.
func upgraded(text []byte, from int, chain []upgrade) ([]byte, error) {
	if from > len(chain) {
		return text, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	for number := from; number <= len(chain); number++ {
		if err := chain[number-1](members); err != nil {
			return nil, fmt.Errorf("of schema %d: %w", number, err)
		}
		members["schema"] = json.RawMessage(fmt.Sprint(number + 1))
	}
	return json.Marshal(members)
}

// unknown is a report before anything is known of it. What a document does not have stays so.
func unknown() *Report { return &Report{Generator: Generator{HostIdle: 1}} }

// complete puts what every report has where a document of schema 1 has nothing: keys were added under that number. It
// puts no figures: intervals stay unknown.
func (r *Report) complete() {
	for _, counts := range []*map[string]int64{
		&r.StatusCodes, &r.Errors, &r.UserErrors, &r.Custom.Counters, &r.Custom.Rates,
	} {
		*counts = orEmpty(*counts)
	}
	for i := range r.Steps {
		r.Steps[i].StatusCodes, r.Steps[i].Errors = orEmpty(r.Steps[i].StatusCodes), orEmpty(r.Steps[i].Errors)
	}
	for i := range r.Series {
		r.Series[i].StatusCodes, r.Series[i].Errors = orEmpty(r.Series[i].StatusCodes), orEmpty(r.Series[i].Errors)
	}
	r.ResponseByClass, r.Custom.Histograms = orEmpty(r.ResponseByClass), orEmpty(r.Custom.Histograms)
	r.Steps, r.Series, r.Checks = orNone(r.Steps), orNone(r.Series), orNone(r.Checks)
	r.Thresholds, r.Warnings = orNone(r.Thresholds), orNone(r.Warnings)
	r.Generator.Reasons = orNone(r.Generator.Reasons)
	if r.Endpoints.Names == nil {
		r.Endpoints = r.endpoints(nil)
	}
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

func orNone[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
