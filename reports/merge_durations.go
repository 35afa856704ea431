package reports

import (
	"fmt"
	"time"
)

func (m *Merger) addDurations(r *Report) error {
	for i, d := range []Distribution{r.Latency, r.Response, r.Lag, r.FirstByte, r.Session} {
		if err := m.durations[i].take(d.durations()); err != nil {
			return err
		}
	}
	if err := takeNamed(m.classes, r.ResponseByClass); err != nil {
		return err
	}
	return takeNamed(m.custom, r.Custom.Histograms)
}

func takeNamed(to map[string]*durations, from map[string]Distribution) error {
	for name, d := range from {
		if to[name] == nil {
			to[name] = new(newSparse())
		}
		if err := to[name].take(d.durations()); err != nil {
			return in(name, err)
		}
	}
	return nil
}

// take is merge for what a document sums up. What no histogram of ours could hold is an error.
func (d *durations) take(from *durations, err error) error {
	if err != nil {
		return err
	}
	if h, ours := from.sparse, d.sparse; from.count > 0 && (h.SignificantFigures() != ours.SignificantFigures() ||
		h.LowestTrackableValue() != ours.LowestTrackableValue() || h.HighestTrackableValue() != ours.HighestTrackableValue()) {
		return fmt.Errorf("its histograms are of %v to %v with %d digits, those that merge of %v to %v with %d: "+
			"--compare shows such reports side by side",
			time.Duration(h.LowestTrackableValue()), time.Duration(h.HighestTrackableValue()), h.SignificantFigures(),
			lowestDuration, highestDuration, significant)
	}
	d.merge(from)
	return nil
}

func (e *encoder) named(all map[string]*durations) map[string]Distribution {
	named := map[string]Distribution{}
	for name, d := range all {
		named[name] = e.distribution(d)
	}
	return named
}
