package scenarios

import (
	"errors"
	"fmt"
	"sync"
)

// capture keeps something of an answer in a variable.
type capture struct {
	from   extractor
	slot   int
	path   []key // into the variable
	strict bool
}

// match compares something in an answer with a value, type and all.
type match struct {
	from   extractor
	value  computed
	strict bool
}

// extractor is where in an answer something is to be found.
type extractor struct {
	pos  Pos
	kind string // its key in the script
	expr Template
	how  finder
}

// finder finds something in an answer: a value, undefined if it is not there, or why it cannot be there.
type finder interface {
	find(in *reading, vars *Vars) (Value, error)
	needs() source
}

func (e *extractor) needs() source { return e.how.needs() }

func (e *extractor) String() string { return e.kind + " " + e.expr.String() }

// extract finds what is looked for. However odd the answer, a library that cannot cope with it ends in an error.
func (e *extractor) extract(in *reading, vars *Vars) (v Value, err error) {
	defer func() {
		switch problem := recover(); problem {
		case nil:
		case errTooFar:
			v, err = Value{}, errTooFar
		default:
			v, err = Value{}, fmt.Errorf("cannot be looked for: %v", problem)
		}
	}()
	return e.how.find(in, vars)
}

var errNotFound = errors.New("not found")

// found is an error for the values that Artillery takes for nothing.
func found(v Value) error {
	if !v.Defined() || v.any == "" {
		return errNotFound
	}
	return nil
}

func (m *match) check(in *reading, vars *Vars) error {
	got, err := m.from.extract(in, vars)
	if err != nil {
		return err
	}
	want := m.value.value(vars)
	if h, ok := m.from.how.(*headerFinder); ok && !got.equals(want) && secret(string(h.name.Append(nil, vars))) {
		return errors.New("not what it is to be; its value is " + notShown)
	}
	if !got.equals(want) {
		return fmt.Errorf("%s, want %s", shorten(got.describe()), shorten(want.describe()))
	}
	return nil
}

// describe returns v so that people can tell text from all else.
func (v Value) describe() string {
	if !v.Defined() {
		return "nothing"
	}
	return string(v.appendJSON(nil))
}

// maxShown is how much of a value a message cites.
const maxShown = 200

func shorten(text string) string {
	if len(text) <= maxShown {
		return text
	}
	cut := maxShown
	for cut > 0 && text[cut]&0xc0 == 0x80 { // within a character
		cut--
	}
	return text[:cut] + "…"
}

// maxCompiled is how many different expressions of one step are kept compiled, if variables make them differ.
const maxCompiled = 64

// compiled is an expression of some language: compiled at load time, unless variables are part of it.
type compiled[T any] struct {
	source  Template
	compile func(string) (T, error)
	fixed   *T
	mu      sync.Mutex
	cache   map[string]T // at most maxCompiled
}

// get returns the expression as it is for a user.
func (c *compiled[T]) get(vars *Vars) (T, error) {
	if c.fixed != nil {
		return *c.fixed, nil
	}
	text := string(c.source.Append(nil, vars))
	c.mu.Lock()
	defer c.mu.Unlock()
	if done, ok := c.cache[text]; ok {
		return done, nil
	}
	done, err := c.compile(text)
	if err != nil {
		return done, err
	}
	if len(c.cache) >= maxCompiled || c.cache == nil {
		c.cache = map[string]T{}
	}
	c.cache[text] = done
	return done, nil
}

// computed is a value of the script that may hold placeholders, however deep within lists and maps.
type computed struct {
	fixed   Value
	text    *Template // or: rendered; a lone placeholder keeps its type
	list    []computed
	members map[string]computed
}

func (c *computed) value(vars *Vars) Value {
	switch {
	case c.text != nil:
		return c.text.Value(vars)
	case c.list != nil:
		items := make([]any, len(c.list))
		for i := range c.list {
			items[i] = c.list[i].value(vars).Plain()
		}
		return Any(items)
	case c.members != nil:
		members := map[string]any{}
		for name, member := range c.members {
			members[name] = member.value(vars).Plain()
		}
		return Any(members)
	}
	return c.fixed
}

// values returns the values of a list, or the value alone.
func (c *computed) values(vars *Vars) []Value {
	if c.list == nil {
		return listed(c.value(vars))
	}
	values := make([]Value, len(c.list))
	for i := range c.list {
		values[i] = c.list[i].value(vars)
	}
	return values
}
