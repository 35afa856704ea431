package scenarios

// renderedVariable notes a variable that is a template of others.
func (a *artillery) renderedVariable(f field) {
	a.warnf(f.value.pos, "variable %s: Artillery 2 fills in no variables here; here it is made for each user as it begins", f.key)
	a.dynamic[f.key] = true
	a.rendered = append(a.rendered, f)
}

// renderVariables compiles the templates among the variables, once all other variables are known. One of them that
// uses one behind it finds it undefined.
func (a *artillery) renderVariables() {
	for _, f := range a.rendered {
		t := a.template(f.value, &scope{})
		a.script.initial = append(a.script.initial, rendered{a.script.Names.Slot(f.key), t})
	}
}

// rendered sets a variable to what a template renders for a user that begins.
type rendered struct {
	slot     int
	template Template
}

func (r rendered) begin(vars *Vars, _ int64) {
	if _, lone := lonePlaceholder(r.template.source); lone {
		vars.Slots[r.slot] = r.template.Value(vars)
		return
	}
	var text []byte
	for i := range r.template.parts {
		if text = appendParts(text, r.template.parts[i:i+1], vars); len(text) > maxRendered {
			text = text[:maxRendered]
			break
		}
	}
	vars.Slots[r.slot] = Any(string(text))
}

// maxRendered is where a variable made of others is cut off, in bytes: each may repeat the one before it many times.
const maxRendered = 1 << 20
