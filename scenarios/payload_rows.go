package scenarios

// row sets variables to the columns of a row: one at random, or, in sequence, each user the next, all over again
// behind the last.
type row struct {
	table    *csvTable
	slots    []int
	sequence bool
	asList   bool // the only slot gets all columns
}

func (r row) begin(vars *Vars, user int64) {
	n := r.table.rows()
	if n == 0 {
		return
	}
	at := int(user % int64(n))
	if !r.sequence {
		at = vars.Random.IntN(n)
	}
	columns := r.table.row(at)
	if r.asList {
		vars.Slots[r.slots[0]] = Any(plainList(columns))
		return
	}
	for i, slot := range r.slots {
		vars.Slots[slot] = Value{} // what another payload may have set
		if i < len(columns) {
			vars.Slots[slot] = columns[i]
		}
	}
}

func plainList(values []Value) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v.Plain()
	}
	return out
}
