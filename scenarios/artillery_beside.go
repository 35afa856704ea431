package scenarios

import "slices"

// gather returns a step with what stands beside a request, and can only be meant to stand inside it, moved there.
// Artillery 2 refuses such a script; it is what many people write.
func (a *artillery) gather(n *node) *node {
	at := slices.IndexFunc(n.fields, func(f field) bool { return slices.Contains(verbs, f.key) })
	if at < 0 || n.fields[at].value.kind != mapping {
		return n
	}
	request := n.fields[at]
	inside := *request.value
	inside.fields = slices.Clone(inside.fields)
	step := *n
	step.fields = nil
	for i, f := range n.fields {
		switch {
		case i == at:
			step.fields = append(step.fields, field{request.key, request.pos, &inside})
		case slices.Contains([]string{"capture", "match", "expect", "ifTrue"}, f.key) && request.value.get(f.key) == nil:
			a.warnf(f.pos, "%s stands beside %s and is read as if it stood inside: indent it, since Artillery 2 refuses it",
				f.key, request.key)
			inside.fields = append(inside.fields, f)
		default:
			step.fields = append(step.fields, f)
		}
	}
	return &step
}
