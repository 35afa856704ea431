package scenarios

import "strings"

// pair is one name of a query or a form, with its value.
type pair struct {
	key   Template
	value computed
}

// pairs reads a map of names and values.
func (a *artillery) pairs(f field, s *scope) []pair {
	if f.value.kind != mapping {
		a.errorf(f.value.pos, "%s must be a map, not %s", f.key, f.value)
		return nil
	}
	var all []pair
	for _, entry := range f.value.fields {
		all = append(all, pair{a.templateOf(entry.key, entry.pos, s), a.computed(entry.value, s)})
	}
	return all
}

// query compiles the query of a URL: a list is its name again for each of its values, and what is neither text, number
// nor boolean is empty, as Node's querystring has it.
func (a *artillery) query(f field, s *scope) Template {
	return urlEncoded(a.pairs(f, s), func(dst []byte, key string, v Value) []byte {
		list, ok := v.any.([]any)
		if !ok {
			list = []any{v}
		}
		for _, item := range list {
			dst = appendPair(dst, key, scalarText(item))
		}
		return dst
	})
}

// scalarText returns a value of a query as text.
func scalarText(item any) string {
	v, ok := item.(Value)
	if !ok {
		v = Any(item)
	}
	switch v.any.(type) {
	case null, map[string]any, []any:
		return ""
	}
	if !v.set {
		return ""
	}
	return v.String()
}

// form compiles a body of names and values; every value is the text JavaScript makes of it, but a map, which is JSON.
func (a *artillery) form(f field, s *scope) Template {
	return urlEncoded(a.pairs(f, s), func(dst []byte, key string, v Value) []byte {
		text := v.String()
		if list, ok := v.any.([]any); ok {
			parts := make([]string, len(list))
			for i, item := range list {
				parts[i] = scalarText(item)
			}
			text = strings.Join(parts, ",")
		}
		return appendPair(dst, key, text)
	})
}

// urlEncoded compiles pairs as application/x-www-form-urlencoded. What is the same for every user is encoded at once.
func urlEncoded(pairs []pair, encode func(dst []byte, key string, v Value) []byte) Template {
	render := func(dst []byte, p pair, vars *Vars) []byte {
		return encode(dst, string(p.key.Append(nil, vars)), p.value.value(vars))
	}
	var source []string
	constant := true
	for _, p := range pairs {
		if _, fixed := p.key.Text(); !fixed || !p.value.constant() {
			constant = false
			source = append(source, p.key.String()+"="+p.value.source())
			continue
		}
		source = append(source, strings.TrimPrefix(string(render(nil, p, nil)), "&"))
	}
	if constant {
		return Literal(strings.Join(source, "&"))
	}
	return made(strings.Join(source, "&"), func(vars *Vars) string {
		var dst []byte
		for _, p := range pairs {
			dst = render(dst, p, vars)
		}
		return strings.TrimPrefix(string(dst), "&")
	})
}

// appendPair appends &key=value, encoded as the URL standard has it for forms.
func appendPair(dst []byte, key, value string) []byte {
	return appendEncoded(append(appendEncoded(append(dst, '&'), key), '='), value)
}

func appendEncoded(dst []byte, text string) []byte {
	for _, b := range []byte(text) {
		letter := b|0x20 >= 'a' && b|0x20 <= 'z' || b >= '0' && b <= '9'
		switch {
		case letter || strings.IndexByte("*-._", b) >= 0:
			dst = append(dst, b)
		case b == ' ':
			dst = append(dst, '+')
		default:
			dst = append(dst, '%', "0123456789ABCDEF"[b>>4], "0123456789ABCDEF"[b&15])
		}
	}
	return dst
}

// withoutQuery cuts a URL before its query, which is where its first question mark outside of a placeholder is.
func withoutQuery(url string) string {
	var kept strings.Builder
	for rest := url; rest != ""; {
		before, after, found := strings.Cut(rest, "{{")
		if literal, _, cut := strings.Cut(before, "?"); cut {
			return kept.String() + literal
		}
		kept.WriteString(before)
		inside, behind, closed := strings.Cut(after, "}}")
		if !found || !closed {
			return kept.String() + rest[len(before):]
		}
		kept.WriteString("{{" + inside + "}}")
		rest = behind
	}
	return kept.String()
}
