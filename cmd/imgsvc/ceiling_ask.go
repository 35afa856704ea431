package main

import (
	"context"
	"sync"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/scenarios"
)

// askTarget sends the script's first request to the target, once, and returns how many bytes of body the answer has.
// Without an answer, and for a request that changes something there, it returns what is assumed instead.
func askTarget(ctx context.Context, o attack.Options) (bytes int64, assumed bool) {
	first := o.Script.Requests[0]
	if !changesNothing(first.Method) {
		return assumedBytes, true
	}
	script := *o.Script
	request := *first.Bare()
	request.ID, request.Scenario = 0, 0
	script.Requests = []*scenarios.Request{&request}
	script.Before, script.After = nil, nil
	script.Scenarios = []scenarios.Scenario{{Weight: 1, Steps: []scenarios.Step{&request}}}
	script.Phases = []scenarios.Phase{{Users: 1, Requests: 1}}
	ask := attack.Options{
		Script: &script, Timeout: 5 * time.Second, Duration: 10 * time.Second, UnixSocket: o.UnixSocket, TLS: o.TLS,
		Seed: o.Seed, Stop: ctx.Done(), Remote: true,
	}
	if o.Timeout > 0 {
		ask.Timeout = min(ask.Timeout, o.Timeout)
	}
	var answer lastAnswer
	ask.Sink = &answer
	if _, err := attack.Run(killContext(ctx), ask); err != nil || !answer.complete {
		return assumedBytes, true // what is wrong with the script, the ceiling's own run says
	}
	return answer.bytes, false
}

func changesNothing(method string) bool {
	return method == "GET" || method == "HEAD" || method == "OPTIONS"
}

// lastAnswer is a sink that keeps the size of the last answer: behind redirects, that of the last hop.
type lastAnswer struct {
	attack.Deaf
	mu       sync.Mutex
	complete bool
	bytes    int64
}

func (a *lastAnswer) Shard() attack.Shard { return a }
func (a *lastAnswer) Begin(time.Time)     {}

func (a *lastAnswer) Add(r *attack.Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.complete, a.bytes = r.Error == "", int64(r.BytesIn)
}
