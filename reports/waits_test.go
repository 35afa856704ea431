package reports

import (
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

// TestLimitOfAGeneratorThatWaits keeps apart a generator that could not have its cores from a service that is slow.
func TestLimitOfAGeneratorThatWaits(t *testing.T) {
	generator := func(ratio float64, queued time.Duration, idle float64, shared bool) attack.Generator {
		return attack.Generator{
			CPU: time.Duration(ratio * 10e9), Cores: 1, HostIdle: idle, Shared: shared, RunQueue: &queued,
		}
	}
	const generatorSays = "the GENERATOR (generator used 50 % of 1 core, waited for a core 50 % of the time it wanted " +
		"one): figures are a lower bound of what the service holds"
	tests := []struct {
		name         string
		generator    attack.Generator
		limit, waits string
	}{
		{"others have its core", generator(0.5, 5*time.Second, 0.3, false), generatorSays,
			"generator: its threads waited for a core 50 % of the time they wanted one; latencies include that"},
		{"it shares a full machine with the service", generator(0.5, 5*time.Second, 0.01, true),
			"the MACHINE (1 % idle, with service and generator on the same cores): alone on it the service would hold more",
			"generator: its threads waited for a core 50 % of the time they wanted one; latencies include that"},
		{"it shares a core with the service, and others are idle", generator(0.5, 5*time.Second, 0.5, true),
			"the MACHINE (generator used 50 % of 1 core, waited for a core 50 % of the time it wanted one, with service and " +
				"generator on the same cores): alone on it the service would hold more",
			"generator: its threads waited for a core 50 % of the time they wanted one; latencies include that"},
		{"it waits, and has time to", generator(0.4, 2*time.Second, 0.3, false),
			"the service (generator used 40 % of 1 core)",
			"generator: its threads waited for a core 33.3 % of the time they wanted one; latencies include that"},
		{"it wakes up now and then", generator(0.1, 900*time.Millisecond, 0.3, false),
			"the service (generator used 10 % of 1 core)", ""},
		{"it hardly waits", generator(0.89, 500*time.Millisecond, 0.3, false),
			"the service (generator used 89 % of 1 core)", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			summary := attack.Summary{Duration: 10 * time.Second, Generator: tt.generator}
			r := recorded([]*attack.Result{result(0, 0, time.Millisecond, 200, "")}, 1, summary, Meta{})
			if got := r.Generator.words(); got != tt.limit {
				t.Errorf("limit\ngot  %s\nwant %s", got, tt.limit)
			}
			if got := r.Generator.waits(); got != tt.waits {
				t.Errorf("waits\ngot  %s\nwant %s", got, tt.waits)
			}
		})
	}
}

// TestOwnFaults keeps errors that this machine caused from being counted as the service's.
func TestOwnFaults(t *testing.T) {
	results := []*attack.Result{
		result(0, 0, time.Millisecond, 200, ""),
		result(0, 0, time.Millisecond, 0, "EMFILE"), result(0, 0, time.Millisecond, 0, "EMFILE"),
		result(0, 0, time.Millisecond, 0, "EADDRNOTAVAIL"), result(0, 0, time.Millisecond, 0, "ECONNREFUSED"),
	}
	r := recorded(results, 1, attack.Summary{Duration: time.Second, Generator: attack.Generator{HostIdle: 1}}, Meta{})
	if r.Generator.Limit != LimitGenerator {
		t.Errorf("the limit is the %s", r.Generator.Limit)
	}
	text := r.Generator.words()
	for _, want := range []string{"out of file descriptors: EMFILE × 2", "out of local ports", "EADDRNOTAVAIL × 1"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
	if strings.Contains(text, "ECONNREFUSED") {
		t.Errorf("a refused connection is not the generator's fault: %s", text)
	}
}

// TestUnknownRunQueueIsNull keeps "not known" from reading as "did not wait".
func TestUnknownRunQueueIsNull(t *testing.T) {
	second := attack.Summary{Duration: time.Second}
	r := recorded([]*attack.Result{result(0, 0, time.Millisecond, 200, "")}, 1, second, Meta{})
	if text := string(written(t, r, "json")); !strings.Contains(text, `"run_queue_ns": null`) {
		t.Errorf("no null in %s", text)
	}
}
