package reports

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/starkillersystems/imgsvc/attack"
)

const modelRun = 40 * time.Second

// However what happens is spread over shards, in whatever order it is told, and whenever somebody looks meanwhile: the
// report is that of a plain list of it.
func TestReportIsThatOfAPlainList(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := rapid.SliceOfN(anyHappening, 0, 300).Draw(rt, "all")
		recorder := NewRecorder()
		shards := make([]attack.Shard, rapid.IntRange(1, 9).Draw(rt, "shards"))
		for i := range shards {
			shards[i] = recorder.Shard()
		}
		recorder.Begin(began)
		for _, h := range rapid.Permutation(all).Draw(rt, "order") {
			h.tell(shards[rapid.IntRange(0, len(shards)-1).Draw(rt, "shard")])
			switch rapid.IntRange(0, 30).Draw(rt, "look") {
			case 1:
				recorder.Snapshot(began.Add(modelRun))
			case 2:
				recorder.SoFar(began.Add(modelRun))
			}
		}
		report := recorder.Report(attack.Summary{Started: began, Duration: modelRun}, Meta{})
		compare(rt, report, modelOf(all))
	})
}

func compare(t rapid.TB, r *Report, m model) {
	t.Helper()
	d := differ{t}
	codes, errors := m.counts()
	answers := m.of(answered)
	d.same("counts", []int64{r.Requests, r.Responses, r.Successes, r.Unsent}, []int64{int64(len(m.results)), sum(codes),
		int64(len(m.of((*attack.Result).Success).results)), int64(len(m.unsent))})
	d.same("requests = responses + errors", r.Requests, r.Responses+sum(errors))
	d.counted("the run", r.StatusCodes, r.Errors, m)
	d.distributed("latency", r.Latency, answers.each(latency))
	d.distributed("response", r.Response, answers.each(response))
	d.distributed("lag", r.Lag, m.each(lag))
	d.distributed("first byte", r.FirstByte, m.of(func(r *attack.Result) bool { return r.Error == "" || r.FirstByte > 0 }).each(firstByte))
	for class, got := range r.ResponseByClass {
		of := answers.of(func(r *attack.Result) bool { return r.Code/100 == uint16(class[0]-'0') })
		d.distributed(class, got, of.each(response))
	}
	for i, s := range r.Steps {
		of := m.of(func(r *attack.Result) bool { return r.Step == i })
		d.same("requests of a step", s.Requests, len(of.results))
		d.counted("a step", s.StatusCodes, s.Errors, of)
		d.distributed("latency of a step", s.Latency, of.of(answered).each(latency))
		d.distributed("response of a step", s.Response, of.of(answered).each(response))
	}
	d.bytes(r, m)
	d.users(r, m)
	d.seconds(r, m)
	d.intervals(r, m)
}

func (d differ) bytes(r *Report, m model) {
	d.Helper()
	var want Bytes
	for _, r := range m.results {
		want.In, want.Out = want.In+r.BytesIn, want.Out+r.BytesOut
	}
	d.same("bytes", r.Bytes, want)
}

func (d differ) users(r *Report, m model) {
	d.Helper()
	var ended [3]int64
	var sessions []time.Duration
	for _, u := range m.users {
		ended[u.outcome]++
		if u.outcome == attack.Completed {
			sessions = append(sessions, u.session)
		}
	}
	d.same("users", []int64{r.Users.Created, r.Users.Completed, r.Users.Failed},
		[]int64{int64(len(m.users)), ended[attack.Completed], ended[attack.Failed]})
	d.distributed("session", r.Session, sessions)
}

// seconds compares the series with what was due and what ended in each second.
func (d differ) seconds(r *Report, m model) {
	d.Helper()
	total := 0
	for i, s := range r.Series {
		in := func(at time.Duration) bool { return int(at/time.Second) == i }
		offered := len(m.of(func(r *attack.Result) bool { return in(r.Due().Sub(began)) }).results)
		for _, due := range m.unsent {
			if in(due) {
				offered++
			}
		}
		ended := m.of(func(r *attack.Result) bool { return in(endedAt(r)) })
		d.same("a second", []int64{s.Offered, s.Requests, s.Users}, []int64{int64(offered), int64(len(ended.results)), m.atWork(s.At + time.Second)})
		d.counted("a second", s.StatusCodes, s.Errors, ended)
		if times := ended.of(answered).each(response); len(times) > 0 {
			slices.Sort(times)
			histogram, err := decode(*s.ResponseHDR)
			if err != nil || histogram.TotalCount() != int64(len(times)) {
				d.Errorf("second %d: its histogram is not of %d responses: %v", i, len(times), err)
			}
		}
		total += len(ended.results)
	}
	d.same("requests in all seconds", total, len(m.results))
}

// atWork counts the users who have begun and not ended by then.
func (m model) atWork(by time.Duration) (n int64) {
	for _, u := range m.users {
		if u.ended-u.session < by && u.ended >= by {
			n++
		}
	}
	return n
}

func (d differ) intervals(r *Report, m model) {
	d.Helper()
	total := 0
	for i, v := range r.Intervals {
		in := func(at time.Duration) bool { return int(at/intervalLength) == i }
		d.same("sent in an interval", v.Sent, len(m.of(func(r *attack.Result) bool { return in(sentAt(r)) }).results))
		for _, step := range v.Steps {
			of := m.of(func(r *attack.Result) bool { return r.Step == step.Step && in(endedAt(r)) })
			total += len(of.results)
			codes := map[string]int64{}
			for _, a := range step.Answers {
				alike := of.of(func(r *attack.Result) bool {
					_, ok := a.StatusCodes[fmt.Sprint(r.Code)]
					return answered(r) && ok && r.Followed == a.Followed
				})
				times := alike.each(firstByte)
				slices.Sort(times)
				d.summed("first byte in an interval", a.FirstByte, times)
				for code, n := range a.StatusCodes {
					codes[code] += n
				}
			}
			d.counted("a step's interval", codes, orEmpty(step.Errors), of)
		}
	}
	d.same("requests in all intervals", total, len(m.results))
}

// Parts of a run can be merged in any order and any grouping: what comes of it is the same to the byte.
func TestMergingIsAssociative(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := rapid.SliceOfN(anyHappening, 1, 200).Draw(rt, "all")
		parts := make([]*Recorder, rapid.IntRange(1, 7).Draw(rt, "parts"))
		shards := make([]attack.Shard, len(parts))
		for i := range parts {
			parts[i] = NewRecorder()
			shards[i] = parts[i].Shard()
			parts[i].Begin(began)
		}
		whole := NewRecorder()
		one := whole.Shard()
		whole.Begin(began)
		for _, h := range all {
			h.tell(one)
			h.tell(shards[rapid.IntRange(0, len(parts)-1).Draw(rt, "part")])
		}
		for len(parts) > 1 { // two neighbours, or strangers, become one
			i := rapid.IntRange(0, len(parts)-2).Draw(rt, "into")
			j := rapid.IntRange(i+1, len(parts)-1).Draw(rt, "from")
			if rapid.Bool().Draw(rt, "swapped") {
				parts[i], parts[j] = parts[j], parts[i]
			}
			join(parts[i], parts[j])
			parts = slices.Delete(parts, j, j+1)
		}
		summary := attack.Summary{Started: began, Duration: modelRun}
		parts[0].peak.Store(whole.peak.Load()) // of users at once, which parts alone do not know
		if !bytes.Equal(asJSON(t, parts[0].Report(summary, Meta{})), asJSON(t, whole.Report(summary, Meta{}))) {
			rt.Fatal("merged in this order, the parts are something else than the whole")
		}
	})
}

// join brings what one recorder has collected to another, with the merging that shards are collected with.
func join(into, from *Recorder) {
	for _, r := range []*Recorder{into, from} {
		r.collect()
		r.collectIntervals()
	}
	into.total.merge(from.total)
	into.firstByte.merge(&from.firstByte)
	into.requests += from.requests
	into.successes += from.successes
	for i, s := range from.seconds {
		if s != nil {
			into.second(i).merge(s)
		}
	}
	for i, v := range from.intervals {
		if v != nil {
			into.braids += into.interval(i).merge(v)
		}
	}
}
