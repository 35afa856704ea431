package reports

import (
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"
)

// writeCSV writes the series: one row a second, with a column for each status code that came.
func (r *Report) writeCSV(w io.Writer) error {
	codes := slices.Sorted(maps.Keys(r.StatusCodes))
	header := []string{"second", "offered", "requests", "successes", "errors", "users",
		"response_p50_ns", "response_p99_ns", "response_max_ns"}
	for _, code := range codes {
		header = append(header, "status_"+code)
	}
	out := csv.NewWriter(w)
	if err := out.Write(header); err != nil {
		return err
	}
	for _, s := range r.Series {
		row, err := s.row(codes, r.Response.Max)
		if err != nil {
			return err
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// row is the second's; highest is the longest response of the run, which no bucket of a histogram exceeds.
func (s Second) row(codes []string, highest int64) ([]string, error) {
	counts := []int64{int64(s.At / time.Second), s.Offered, s.Requests, s.Successes, sum(s.Errors), s.Users}
	row := make([]string, 0, len(counts)+3+len(codes))
	for _, n := range counts {
		row = append(row, strconv.FormatInt(n, 10))
	}
	if s.ResponseHDR == nil {
		row = append(row, "", "", "") // no response, so no quantile
	} else {
		histogram, err := decode(*s.ResponseHDR)
		if err != nil {
			return nil, err
		}
		for _, ns := range histogram.ValueAtPercentilesSlice([]float64{50, 99, 100}) {
			row = append(row, strconv.FormatInt(min(ns, highest), 10))
		}
	}
	for _, code := range codes {
		row = append(row, strconv.FormatInt(s.StatusCodes[code], 10))
	}
	return row, nil
}
