package scenarios

import (
	"strings"
	"testing"
	"time"
)

func TestArtilleryPhases(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []Phase
		warnings   []string
	}{
		{"without phases one user arrives", "", []Phase{{
			Duration: time.Second, Arrivals: &Arrivals{Rate: 1, RampTo: 1, Every: time.Second, Count: 1},
		}}, nil},
		{"a gap is cut to whole microseconds", "- {duration: 10, arrivalRate: 3, name: warm up, maxVusers: 5}", []Phase{{
			Name: "warm up", Duration: 10 * time.Second, MaxUsers: 5,
			Arrivals: &Arrivals{Rate: 3, RampTo: 3, Every: 333333 * time.Microsecond, Count: 30},
		}}, nil},
		{"which lets one more in when it is long enough", "- {duration: 1, arrivalRate: 1500}", []Phase{{
			Duration: time.Second, Arrivals: &Arrivals{Rate: 1500, RampTo: 1500, Every: 666 * time.Microsecond, Count: 1501},
		}}, nil},
		{"a count is spread over the duration", "- {duration: 1m, arrivalCount: 30}", []Phase{{
			Duration: time.Minute, Arrivals: &Arrivals{Rate: .5, RampTo: .5, Every: 2 * time.Second, Count: 30},
		}}, nil},
		{"ramps", "- {duration: '10', arrivalRate: '1', rampTo: 5}", []Phase{{
			Duration: 10 * time.Second, Arrivals: &Arrivals{Law: PerSecond, Rate: 1, RampTo: 5},
		}}, nil},
		{"a ramp from nothing", "- {duration: 5 min, rampTo: 5, mode: uniform}", []Phase{{
			Duration: 5 * time.Minute, Arrivals: &Arrivals{Law: PerSecond, RampTo: 5},
		}}, nil},
		{"a ramp to nothing", "- {duration: 5s, arrivalRate: 2, rampTo: 0}", []Phase{{
			Duration: 5 * time.Second, Arrivals: &Arrivals{Law: PerSecond, Rate: 2},
		}}, nil},
		{"a pause", "- {pause: 500ms, name: rest}", []Phase{{Name: "rest", Duration: 500 * time.Millisecond}}, nil},
		{"no rate is a pause", "- {duration: 5, arrivalRate: 0}", []Phase{{Duration: 5 * time.Second}}, []string{
			"s.yml:4:5: arrivalRate 0: this phase is a pause of 5s"}},
		{"no count is skipped", "- {duration: 5, arrivalCount: 0}\n- pause: 1", []Phase{{Duration: time.Second}}, []string{
			"s.yml:4:5: arrivalCount 0: Artillery skips this phase, and so does this run"}},
		{"fractions", "- {duration: 1.5, arrivalRate: 0.5}", []Phase{{
			Duration: 1500 * time.Millisecond, Arrivals: &Arrivals{Rate: .5, RampTo: .5, Every: 2 * time.Second},
		}}, []string{
			"s.yml:4:5: arrivalRate 0.5: Artillery refuses a fraction, here it is exact",
			"s.yml:4:5: no user arrives in 1.5s at a rate of 0.5 a second",
			"s.yml:4:16: duration 1.5 is taken as seconds: Artillery refuses a fraction, and wants a unit with it"}},
		{"random gaps", "- {duration: 5, arrivalRate: 2.5, mode: poisson}", []Phase{{
			Duration: 5 * time.Second, Arrivals: &Arrivals{Law: Poisson, Rate: 2.5, RampTo: 2.5},
		}}, nil},
		{"which neither ramps nor counts nor pauses have",
			"- {duration: 5, arrivalRate: 2, rampTo: 3, mode: poisson}\n- {duration: 5, arrivalCount: 5, mode: poisson}\n" +
				"- {pause: 5, mode: poisson}\n- {duration: 1, arrivalRate: '0', mode: poisson}", []Phase{
				{Duration: 5 * time.Second, Arrivals: &Arrivals{Law: PerSecond, Rate: 2, RampTo: 3}},
				{Duration: 5 * time.Second, Arrivals: &Arrivals{Rate: 1, RampTo: 1, Every: time.Second, Count: 5}},
				{Duration: 5 * time.Second}, {Duration: time.Second},
			}, []string{
				"s.yml:4:5: mode poisson has no effect here, as in Artillery: only an arrivalRate that does not ramp has random gaps",
				"s.yml:5:5: mode poisson has no effect here, as in Artillery: only an arrivalRate that does not ramp has random gaps",
				"s.yml:6:5: mode poisson has no effect here, as in Artillery: only an arrivalRate that does not ramp has random gaps",
				"s.yml:7:5: arrivalRate 0: this phase is a pause of 1s",
				"s.yml:7:5: mode poisson has no effect here, as in Artillery: only an arrivalRate that does not ramp has random gaps",
			}},
		{"all numbers as text", "- {duration: '60s', arrivalRate: '2', rampTo: '4', maxVusers: '10', name: 5}\n- {duration: '10', arrivalCount: '5'}\n- {pause: '3'}", []Phase{
			{Name: "5", Duration: time.Minute, MaxUsers: 10, Arrivals: &Arrivals{Law: PerSecond, Rate: 2, RampTo: 4}},
			{Duration: 10 * time.Second, Arrivals: &Arrivals{Rate: .5, RampTo: .5, Every: 2 * time.Second, Count: 5}},
			{Duration: 3 * time.Second}}, nil},
		{"the year in hours", "- {duration: 8760h, arrivalRate: 1e-300}", []Phase{{
			Duration: maxSpan, Arrivals: &Arrivals{Rate: 1e-300, RampTo: 1e-300, Every: 1e18},
		}}, []string{
			"s.yml:4:5: arrivalRate 1e-300: Artillery refuses a fraction, here it is exact",
			"s.yml:4:5: no user arrives in 8760h0m0s at a rate of 1e-300 a second"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			script := load(t, "s.yml", phases(test.text), LoadOptions{})
			equal(t, "phases", script.Phases, test.want)
			equal(t, "warnings", warnings(script), test.warnings)
		})
	}
}

// TestArtilleryMode keeps that config says how users arrive where a phase does not.
func TestArtilleryMode(t *testing.T) {
	text := strings.Replace(phases("- {duration: 5, arrivalRate: 2}\n- {duration: 5, arrivalRate: 2, mode: uniform}\n- {duration: 5, rampTo: 2}"),
		"config:", "config:\n  mode: poisson", 1)
	script := load(t, "s.yml", text, LoadOptions{})
	var laws []Law
	for _, p := range script.Phases {
		laws = append(laws, p.Arrivals.Law)
	}
	equal(t, "laws", laws, []Law{Poisson, Even, PerSecond})
	equal(t, "warnings", warnings(script), []string(nil))
}

func TestArtilleryPhaseErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"duration: 5", "4:5: a phase needs arrivalRate, arrivalCount, rampTo or pause"},
		{"arrivalRate: 5", "4:5: a phase needs a duration, in seconds"},
		{"{duration: 0, arrivalRate: 5}", "4:5: a phase needs a duration, in seconds"},
		{"{duration: 5, pause: 5}", "4:5: a phase is a pause or has arrivals, not both"},
		{"{pause: 5, arrivalRate: 5}", "4:5: a phase is a pause or has arrivals, not both"},
		{"{duration: 5, arrivalRate: 5, arrivalCount: 5}", "4:5: a phase has an arrivalCount or an arrivalRate, not both"},
		{"{duration: 5s 5m, arrivalRate: 5}",
			`4:16: duration must be seconds, or text with a unit such as 500ms, 30s or 5m, not "5s 5m"`},
		{"{duration: 5 moons, arrivalRate: 5}",
			`4:16: duration must be seconds, or text with a unit such as 500ms, 30s or 5m, not "5 moons"`},
		{"{duration: -5, arrivalRate: 5}", "4:16: duration cannot be negative"},
		{"{duration: 53w, arrivalRate: 5}", "4:16: duration is longer than a year"},
		{"{duration: 5, arrivalRate: -5}", "4:32: arrivalRate cannot be negative"},
		{"{duration: 5, arrivalRate: [5]}", "4:32: arrivalRate must be a number, not a list"},
		{"{duration: 5, arrivalRate: .inf}", "4:32: arrivalRate must be a number, not .inf"},
		{`{duration: 5, arrivalRate: "{{ rate }}"}`, `4:32: arrivalRate must be a number, not "{{ rate }}"`},
		{"{duration: 5, arrivalRate: 1000001}", "4:5: more than 1000000 arrivals a second are not possible"},
		{"{duration: 5, arrivalCount: 5000001}", "4:5: more than 1000000 arrivals a second are not possible"},
		{"{duration: 5, arrivalCount: 1.5}", "4:5: arrivalCount must be a whole number"},
		{"{duration: 1.5s, rampTo: 5}", "4:5: a ramp is made of whole seconds: its duration cannot be 1.5s"},
		{"{duration: 5, arrivalRate: 5, maxVusers: 0}", "4:5: maxVusers must be a whole number from 1 up"},
		{"{duration: 5, arrivalRate: 5, mode: normal}", `4:41: mode must be uniform or poisson, not "normal"`},
		{"{duration: 5, arivalRate: 5}", `4:19: unknown key "arivalRate" in a phase: did you mean "arrivalRate"?`},
		{"{duration: 5, frobnicate: 5}", `4:19: unknown key "frobnicate" in a phase`},
		{"5", "4:5: a phase must be a map, not 5"},
		{"pause: 52w\n- pause: 2d", "5:5: up to here the phases last longer than a year"},
		{"{duration: 5, arrivalCount: 0}", "3:3: no phase in which users arrive"},
	} {
		t.Run(test.text, func(t *testing.T) {
			_, err := Load("s.yml", strings.NewReader(phases("- "+test.text)), LoadOptions{})
			got := lines(err)
			if len(got) == 0 || got[len(got)-1] != "s.yml:"+test.want {
				t.Errorf("got  %q\nwant %q", got, "s.yml:"+test.want)
			}
		})
	}
}
