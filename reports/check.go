package reports

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// maxFigure is the highest count, and the longest duration in ns (104 days), that a report may have: what every reader
// of JSON still tells apart. Sums over a thousand reports stay within 64 bits.
const maxFigure = 1 << 53

// check returns an error if the report contradicts itself, so that no view shows what cannot be.
func (r *Report) check() error {
	if err := checkFigures(reflect.ValueOf(r).Elem()); err != nil {
		return err
	}
	if failed := sum(r.Errors); r.Requests != r.Responses+failed {
		return fmt.Errorf("%d requests, but %d responses and %d errors", r.Requests, r.Responses, failed)
	}
	if r.Successes > r.Responses {
		return fmt.Errorf("%d successes of %d responses", r.Successes, r.Responses)
	}
	if n := sum(r.StatusCodes); n != r.Responses {
		return fmt.Errorf("%d responses, but %d status codes", r.Responses, n)
	}
	if err := r.checkDurations(); err != nil {
		return err
	}
	if err := r.checkSeries(); err != nil {
		return err
	}
	return r.checkIntervals()
}

// checkFigures looks for whole numbers that no report has.
func checkFigures(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		if n := v.Int(); n < 0 || n > maxFigure {
			return fmt.Errorf("a figure of %d", n)
		}
	case reflect.Uint64:
		if n := v.Uint(); n > maxFigure {
			return fmt.Errorf("a figure of %d", n)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			return checkFigures(v.Elem())
		}
	case reflect.Struct:
		switch v.Type() {
		case reflect.TypeFor[time.Time](), reflect.TypeFor[Span](): // of a request without end a span may be anything
			return nil
		}
		for i := range v.NumField() {
			if err := checkFigures(v.Field(i)); err != nil {
				return in(jsonKey(v.Type().Field(i)), err)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.String {
			return nil
		}
		for i := range v.Len() {
			if err := checkFigures(v.Index(i)); err != nil {
				return in(fmt.Sprint(i), err)
			}
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			if err := checkFigures(value); err != nil {
				return in(key.String(), err)
			}
		}
	}
	return nil
}

// jsonKey is what a field is called in the document.
func jsonKey(field reflect.StructField) string {
	key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return key
}

// in says where in the document an error is.
func in(where string, err error) error { return fmt.Errorf("%s: %w", where, err) }

func (r *Report) checkDurations() error {
	for _, d := range []struct {
		name string
		Distribution
	}{
		{"latency_ns", r.Latency}, {"response_ns", r.Response}, {"lag_ns", r.Lag}, {"first_byte_ns", r.FirstByte},
		{"session_ns", r.Session},
	} {
		if err := d.check(); err != nil {
			return in(d.name, err)
		}
	}
	for _, named := range []map[string]Distribution{r.ResponseByClass, r.Custom.Histograms} {
		for _, name := range slices.Sorted(maps.Keys(named)) {
			if err := named[name].check(); err != nil {
				return in(name, err)
			}
		}
	}
	for i, s := range r.Steps {
		for _, d := range []Distribution{s.Latency, s.Response} {
			if err := d.check(); err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
		}
	}
	return nil
}

func (r *Report) checkSeries() error {
	if len(r.Series) > maxSeconds {
		return fmt.Errorf("a series of %d seconds", len(r.Series))
	}
	for i, s := range r.Series {
		if s.At != time.Duration(i)*time.Second {
			return fmt.Errorf("second %d of the series is at %v", i, s.At)
		}
		if s.ResponseHDR == nil {
			continue
		}
		if _, err := decode(*s.ResponseHDR); err != nil {
			return fmt.Errorf("second %d of the series: %w", i, err)
		}
	}
	return nil
}

func (r *Report) checkIntervals() error {
	if len(r.Intervals) > maxIntervals {
		return fmt.Errorf("%d intervals", len(r.Intervals))
	}
	for i := range r.Intervals {
		v := &r.Intervals[i]
		if v.At != time.Duration(i)*intervalLength {
			return fmt.Errorf("interval %d is at %v", i, v.At)
		}
		if err := v.check(); err != nil {
			return fmt.Errorf("interval %d: %w", i, err)
		}
	}
	return nil
}

func (v *Interval) check() error {
	if err := v.Session.check(); err != nil {
		return in("session_ns", err)
	}
	for _, s := range v.Steps {
		for i := range s.Answers {
			if err := s.Answers[i].FirstByte.check(); err != nil {
				return fmt.Errorf("step %d: %w", s.Step, err)
			}
		}
	}
	return nil
}

func (d Distribution) check() error {
	_, err := d.durations()
	return err
}

func (s Samples) check() error {
	_, err := s.durations()
	return err
}

func sum(counts map[string]int64) (sum int64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}
