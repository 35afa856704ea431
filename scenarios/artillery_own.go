package scenarios

import (
	"crypto/rand"
	"math/big"
	"path/filepath"
)

// ownConstants sets the variables of Artillery's own that are the same for every user. Those of the environment are
// looked up where they are used.
func (a *artillery) ownConstants() {
	file := absolute(a.file)
	folder := filepath.Dir(file)
	if n := len(a.opts.Config); n > 0 {
		folder = filepath.Dir(absolute(a.opts.Config[n-1]))
	}
	a.constants["$scenarioFile"] = Any(file)
	a.constants["$dirname"] = Any(folder)
	a.constants["$testId"] = Any(a.testID())
	a.constants["$environment"] = Value{}
	if a.opts.Environment != "" {
		a.constants["$environment"] = Any(a.opts.Environment)
	}
}

func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// testID returns what names this run: what the environment says, or a new random one of Artillery's form. It is no
// choice that a seed repeats: two runs are two.
func (a *artillery) testID() string {
	if id, ok := a.opts.Env("ARTILLERY_TEST_RUN_ID"); ok && id != "" {
		return id
	}
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	id := []byte("t0000_00000000000000000000000000000_0000")
	for i, c := range id {
		if c != '0' {
			continue
		}
		if n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters)))); err == nil {
			id[i] = letters[n.Int64()]
		}
	}
	return string(id)
}

func isEnvironment(root string) bool { return root == "$env" || root == "$processEnvironment" }

// variableOf returns a variable of the process's environment.
func (a *artillery) variableOf(root string, path []key, inside string, pos Pos) Value {
	if len(path) == 0 {
		a.errorf(pos, "{{ %s }}: name one variable of the environment, as {{ %s.NAME }}", inside, root)
		return Value{}
	}
	value, ok := a.opts.Env(path[0].name)
	if !ok {
		a.warnf(pos, "{{ %s }}: the environment has no %s: it renders undefined, as in Artillery", inside, path[0].name)
		return Value{}
	}
	return Any(value).at(path[1:])
}
