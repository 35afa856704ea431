package attack

import (
	"math"
	"math/rand/v2"
	"time"
)

// maxMarks bounds the memory of a random schedule: so many places of its stream are kept to go back to, 32 bytes each.
const maxMarks = 4096

// arrivalStream returns the random numbers of a phase's arrivals. Those of users are of other streams: users count up
// from 0, phases down from the top.
func arrivalStream(seed uint64, phase int) rand.PCG {
	return *rand.NewPCG(seed, math.MaxUint64-uint64(phase))
}

// poisson lets events come independently of each other: gaps are exponential, and each is drawn from the stream when
// it is asked for. Going on is one draw; going back starts again at a mark and costs at most as many draws as marks are
// apart: 1, and twice as many whenever there are maxMarks of them. It is used by one goroutine at a time.
type poisson struct {
	rate     float64 // a second
	duration time.Duration
	at       mark
	marks    []mark // every apart-th event
	apart    uint64
	over     uint64 // the first event behind the end, once known
}

// mark is an event, with the stream as it is behind it.
type mark struct {
	k      uint64
	due    time.Duration
	stream rand.PCG
}

func newPoisson(rate float64, duration time.Duration, stream rand.PCG) *poisson {
	p := &poisson{rate: rate, duration: duration, apart: 1, over: math.MaxUint64}
	p.at = p.after(mark{k: math.MaxUint64, stream: stream}) // the event before the first is at 0
	p.note()
	return p
}

// after returns the event after another.
func (p *poisson) after(m mark) mark {
	gap := rand.New(&m.stream).ExpFloat64() / p.rate * 1e9
	m.due += time.Duration(min(gap, 1e18)) // 30 years: behind the end of any phase
	m.k++
	return m
}

// note keeps the current event if it is the next to be marked, and notices the end.
func (p *poisson) note() {
	if p.at.due >= p.duration {
		p.over = min(p.over, p.at.k)
	}
	if p.at.k != uint64(len(p.marks))*p.apart {
		return
	}
	if p.marks = append(p.marks, p.at); len(p.marks) < maxMarks {
		return
	}
	for i := range maxMarks / 2 {
		p.marks[i] = p.marks[2*i]
	}
	p.marks, p.apart = p.marks[:maxMarks/2], 2*p.apart
}

// Due returns when event k comes; there is none once the duration is over.
func (p *poisson) Due(k uint64) (time.Duration, bool) {
	if k >= p.over {
		return 0, false
	}
	if i := min(k/p.apart, uint64(len(p.marks)-1)); k < p.at.k || p.marks[i].k > p.at.k {
		p.at = p.marks[i]
	}
	for p.at.k < k {
		p.at = p.after(p.at)
		if p.note(); p.at.k >= p.over {
			return 0, false
		}
	}
	return p.at.due, p.at.k < p.over
}

// Rate returns the rate that gaps average to.
func (p *poisson) Rate(time.Duration) float64 { return p.rate }

// End returns how long events come.
func (p *poisson) End() time.Duration { return p.duration }
