package reports

import (
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// durations returns what d sums up; see measured.
func (d Distribution) durations() (*durations, error) {
	return measured(d.Count, d.Min, d.Mean, d.Max, d.HDR)
}

// durations returns what s sums up; see measured.
func (s Samples) durations() (*durations, error) {
	return measured(s.Count, s.Min, s.Mean, s.Max, s.HDR)
}

// measured returns the durations that a document sums up. Their sum is mean × count: by less than count ns too low, as
// a document's means are rounded down.
func measured(count, least, mean, most int64, hdr string) (*durations, error) {
	histogram, err := decode(hdr)
	if err != nil {
		return nil, err
	}
	if n := histogram.TotalCount(); n != count {
		return nil, fmt.Errorf("a count of %d, but %d in its histogram", count, n)
	}
	d := &durations{sparse: histogram, count: count, min: least, max: most}
	d.high, d.low = product(mean, count)
	return d, nil
}

// decode returns the histogram that hdr encodes; "" is the empty one.
func decode(hdr string) (*hdrhistogram.PackedHistogram, error) {
	if hdr == "" {
		return newSparse().sparse, nil
	}
	histogram, err := hdrhistogram.DecodePacked([]byte(hdr))
	if err != nil {
		return nil, fmt.Errorf("decode histogram: %w", err)
	}
	return histogram, nil
}
