package scenarios

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// Names gives each variable of a script a slot, so that a user's variables are a slice and rendering a
// template looks nothing up. The zero Names is empty and ready.
type Names struct {
	slots map[string]int
	list  []string
}

// Slot returns the slot of name, giving it the next free one if it has none.
func (n *Names) Slot(name string) int {
	if slot, ok := n.slots[name]; ok {
		return slot
	}
	if n.slots == nil {
		n.slots = map[string]int{}
	}
	slot := len(n.list)
	n.slots[name] = slot
	n.list = append(n.list, name)
	return slot
}

// Name returns the name of the variable with a slot.
func (n *Names) Name(slot int) string { return n.list[slot] }

// Len returns how many slots a user's variables need.
func (n *Names) Len() int { return len(n.list) }

// Vars is what one user's templates read: its variables, one a slot, and its random numbers. It is used by one
// goroutine at a time.
type Vars struct {
	Slots  []Value
	Random *rand.Rand
	Given  []Value // what users begin with beside what the script says, by slot; nil: nothing
}

// NewVars returns the variables of a new user of the script, all undefined.
func (n *Names) NewVars(random *rand.Rand) *Vars {
	return &Vars{Slots: make([]Value, n.Len()), Random: random}
}

// Begin makes vars those of a new user: what the script says about it is set, all else is undefined. Users count
// from 0; the same user with the same random numbers has the same variables.
func (s *Script) Begin(vars *Vars, user int64) {
	clear(vars.Slots)
	copy(vars.Slots, vars.Given)
	for _, i := range s.initial {
		i.begin(vars, user)
	}
}

// initial sets variables of a user that begins.
type initial interface {
	begin(vars *Vars, user int64)
}

// choice sets a variable to one of several values, at random.
type choice struct {
	slot   int
	values []Value
}

func (c choice) begin(vars *Vars, _ int64) {
	at := 0
	if len(c.values) > 1 {
		at = vars.Random.IntN(len(c.values))
	}
	vars.Slots[c.slot] = c.values[at]
}

// uuid sets a variable to a random UUID (RFC 9562, version 4).
type uuid struct{ slot int }

func (u uuid) begin(vars *Vars, _ int64) {
	high, low := vars.Random.Uint64(), vars.Random.Uint64()
	high = high&^0xf000 | 0x4000
	low = low&^(3<<62) | 1<<63
	text := fmt.Sprintf("%016x%016x", high, low)
	vars.Slots[u.slot] = Any(text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:])
}

// function is what a placeholder can call.
type function func(args []string) (func(*Vars) Value, error)

// functions are those that Artillery itself has.
func functions() map[string]function {
	return map[string]function{"$randomNumber": randomNumber, "$randomString": randomString}
}

// randomNumber is a whole number between two others, both included; without arguments 0 or 1.
func randomNumber(args []string) (func(*Vars) Value, error) {
	low, high := int64(0), int64(1)
	var errs [2]error
	switch len(args) {
	case 0:
	case 2:
		low, errs[0] = strconv.ParseInt(args[0], 10, 53)
		high, errs[1] = strconv.ParseInt(args[1], 10, 53)
	default:
		return nil, fmt.Errorf("wants two numbers, the least and the greatest")
	}
	if errs[0] != nil || errs[1] != nil || high < low {
		return nil, fmt.Errorf("wants two whole numbers, the lesser first")
	}
	return func(v *Vars) Value { return Int(low + v.Random.Int64N(high-low+1)) }, nil
}

const (
	alphanumeric    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	maxRandomString = 1 << 20
)

// randomString is text of letters and digits, 10 of them unless told.
func randomString(args []string) (func(*Vars) Value, error) {
	length := uint64(10)
	var err error
	if len(args) > 0 {
		length, err = strconv.ParseUint(args[0], 10, 32)
	}
	if err != nil || len(args) > 1 || length > maxRandomString {
		return nil, fmt.Errorf("wants one number, the length, up to %d", maxRandomString)
	}
	return func(v *Vars) Value {
		text := make([]byte, length)
		for i := range text {
			text[i] = alphanumeric[v.Random.IntN(len(alphanumeric))]
		}
		return Any(string(text))
	}, nil
}
