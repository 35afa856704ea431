package reports

import "testing"

func TestEndpointNames(t *testing.T) {
	const target = "http://127.0.0.1:3000/api"
	tests := []struct {
		name, url, step string
		by              ByEndpoint
		want            string
	}{
		{"a path", "http://127.0.0.1:3000/api/a", "", ByEndpoint{}, "/api/a"},
		{"its query", "http://127.0.0.1:3000/a?b=1", "", ByEndpoint{}, "/a?b=1"},
		{"without its query", "http://127.0.0.1:3000/a?b=1", "", ByEndpoint{StripQueryString: true}, "/a"},
		{"its name behind it", "http://127.0.0.1:3000/a", "first", ByEndpoint{}, "/a (first)"},
		{"only its name", "http://127.0.0.1:3000/a", "first", ByEndpoint{UseOnlyRequestNames: true}, "first"},
		{"no name to be the only one", "http://127.0.0.1:3000/a", "", ByEndpoint{UseOnlyRequestNames: true}, "/a"},
		{"without a name ignored", "http://127.0.0.1:3000/a", "", ByEndpoint{IgnoreUnnamed: true}, ""},
		{"with one not", "http://127.0.0.1:3000/a", "first", ByEndpoint{IgnoreUnnamed: true}, "/a (first)"},
		{"another host", "http://other.example:3000/a", "", ByEndpoint{}, "other.example/a"},
		{"another port", "http://127.0.0.1:4000/a", "", ByEndpoint{}, ":4000/a"},
		{"both", "https://other.example:4000", "", ByEndpoint{}, "other.example:4000/"},
		{"no port", "http://127.0.0.1/a", "", ByEndpoint{}, "/a"},
		{"placeholders", "http://127.0.0.1:3000/a/{{ id }}?x={{ $randomNumber(1,9) }}", "", ByEndpoint{},
			"/a/{{ id }}?x={{ $randomNumber(1,9) }}"},
		{"a placeholder for a host", "http://{{ host }}/a", "", ByEndpoint{}, "{{ host }}/a"},
		{"a placeholder for all", "{{ url }}", "", ByEndpoint{}, "{{ url }}"},
		{"encoded", "http://127.0.0.1:3000/a%20b", "", ByEndpoint{}, "/a b"},
		{"encoded wrongly", "http://127.0.0.1:3000/100%", "", ByEndpoint{}, "/100%"},
		{"a fragment", "http://127.0.0.1:3000/a?b#c", "", ByEndpoint{}, "/a?b"},
		{"a user", "http://me@127.0.0.1:3000/a", "", ByEndpoint{}, "/a"},
		{"IPv6", "http://[::1]:80/a", "", ByEndpoint{}, "[::1]:80/a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.by.name(target, &Step{Step: tt.step, URL: tt.url}); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestEndpointNamespace(t *testing.T) {
	r := &Report{Steps: []Step{{URL: "http://host/a?b"}}}
	if got := r.endpoints(nil); got.Namespace != "plugins.metrics-by-endpoint" || got.Names[0] != "/a" {
		t.Errorf("%+v, want Artillery's own namespace, and no query, where nobody asks", got)
	}
	if got := r.endpoints(&ByEndpoint{Namespace: "mine"}); got.Namespace != "mine" || got.Names[0] != "/a?b" {
		t.Errorf("%+v, want the script's namespace, and the query, as it does not strip it", got)
	}
}
