package scenarios

import (
	"fmt"
	"math/big"
	"reflect"
	"runtime/metrics"
	"strings"
	"sync"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"
)

// What a script may use before it is stopped. Loops and calls are stopped wherever they are; that leaves what the
// engine does in one go, and of that the script gets nothing whose cost is not bounded by the script's own length.
const (
	maxScriptTime  = time.Second
	maxScriptHeap  = 128 << 20 // bytes the process's heap may grow by
	maxScriptCalls = 500       // calls within calls
	maxBrackets    = 100       // brackets within brackets: the parser's own stack
	maxColons      = 500       // labels within labels: the parser compares each with all around it
)

// run runs the script. What stops it becomes an error with its place.
func (s *siege) run() {
	defer func() {
		if problem := recover(); problem != nil {
			s.errorf(Pos{File: s.file}, "the JavaScript engine gave up: %v", problem)
		}
	}()
	program, ok := s.compile()
	if !ok {
		return
	}
	s.vm = newSandbox()
	s.install()
	unguard := guard(s.vm)
	_, err := s.vm.RunProgram(program)
	unguard()
	s.explain(err)
}

// compile parses the script, and refuses what could keep the engine busy beyond any limit.
func (s *siege) compile() (*goja.Program, bool) {
	if line := deepestLine(s.source); line > 0 {
		s.errorf(s.at(line, 0), "more than %d brackets within each other", maxBrackets)
		return nil, false
	}
	if strings.Count(s.source, ":") > maxColons {
		s.errorf(Pos{File: s.file}, "more than %d colons", maxColons)
		return nil, false
	}
	tree, err := goja.Parse(s.file, s.source, parser.WithDisableSourceMaps)
	if err != nil {
		s.explain(err)
		return nil, false
	}
	if at, what := unbounded(reflect.ValueOf(tree.Body)); what != "" {
		place := tree.File.Position(int(at) - tree.File.Base())
		s.errorf(s.at(place.Line, place.Column), "%s is not supported", what)
		return nil, false
	}
	program, err := goja.CompileAST(tree, false)
	if err != nil {
		s.explain(err)
	}
	return program, err == nil
}

// deepestLine returns the first line with too many brackets open, or 0. Brackets in text count as well, which is
// wrong but does no harm.
func deepestLine(source string) int {
	line, open := 1, 0
	for _, c := range []byte(source) {
		switch c {
		case '\n':
			line++
		case '(', '[', '{':
			if open++; open > maxBrackets {
				return line
			}
		case ')', ']', '}':
			open--
		}
	}
	return 0
}

// unbounded finds literals whose mere use can take for ever: big integers and regular expressions.
func unbounded(v reflect.Value) (file.Idx, string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		switch node := v.Interface().(type) {
		case *ast.NumberLiteral:
			if _, isBig := node.Value.(*big.Int); isBig {
				return node.Idx, "a big integer"
			}
		case *ast.RegExpLiteral:
			return node.Idx, "a regular expression"
		}
		return unbounded(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if at, what := unbounded(v.Field(i)); what != "" {
				return at, what
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if at, what := unbounded(v.Index(i)); what != "" {
				return at, what
			}
		}
	}
	return 0, ""
}

// guard interrupts the engine when the script's time or memory is used up. The func it returns ends the watch.
func guard(vm *goja.Runtime) (unguard func()) {
	done := make(chan struct{})
	var watch sync.WaitGroup
	limit := heapInUse() + maxScriptHeap
	watch.Go(func() {
		deadline := time.NewTimer(maxScriptTime)
		defer deadline.Stop()
		ticker := time.NewTicker(2 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-deadline.C:
				vm.Interrupt(fmt.Errorf("the script still runs after %v: does it ever end?", maxScriptTime))
				return
			case <-ticker.C:
				if heapInUse() > limit {
					vm.Interrupt(fmt.Errorf("the script uses more than %d MiB of memory", maxScriptHeap>>20))
					return
				}
			}
		}
	})
	return func() {
		close(done)
		watch.Wait()
	}
}

func heapInUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// newSandbox returns an engine in which a script finds the language and next to no library: one call of the
// library can run or allocate without end where nothing can interrupt it. What plain scripts need is written in
// JavaScript again, so that it can be interrupted.
func newSandbox() *goja.Runtime {
	vm := goja.New()
	vm.SetMaxCallStackSize(maxScriptCalls)
	if _, err := vm.RunString(prelude); err != nil {
		panic(err) // it does not depend on the script
	}
	return vm
}

const prelude = `(function () {
	var keep = { Math: 1, Number: 1, String: 1, Boolean: 1, parseInt: 1, parseFloat: 1, isNaN: 1, Error: 1,
		encodeURIComponent: 1, undefined: 1, NaN: 1, Infinity: 1 }
	var own = Reflect.ownKeys, describe = Reflect.getOwnPropertyDescriptor, remove = Reflect.deleteProperty
	var parent = Reflect.getPrototypeOf, define = Object.defineProperty
	var global = globalThis, array = Array.prototype, iterator = Symbol.iterator, math = Math
	var hidden = [function* () {}, async function () {}, [][iterator]()]
	var intact = [math, parent(hidden[0].prototype), parent(parent(hidden[0].prototype))]
	;[Error, TypeError, RangeError, ReferenceError, SyntaxError].forEach(function (e) { intact.push(e.prototype) })

	var found = new Set(), waiting = [global].concat(hidden)
	while (waiting.length > 0) {
		var o = waiting.pop()
		if (Object(o) !== o || found.has(o)) continue
		found.add(o)
		waiting.push(parent(o))
		own(o).forEach(function (key) {
			var d = describe(o, key)
			waiting.push(d.value, d.get, d.set)
		})
	}
	intact.forEach(function (o) { found.delete(o) })
	var all = Array.from(found)
	for (var i = 0; i < all.length; i++) {
		var keys = own(all[i])
		for (var k = 0; k < keys.length; k++) {
			if (all[i] !== global || !keep[keys[k]]) remove(all[i], keys[k])
		}
	}

	function add(name, method) {
		define(array, name, { value: method, writable: true, configurable: true })
	}
	add('push', function (x) { this[this.length] = x; return this.length })
	add('forEach', function (f) { for (var i = 0; i < this.length; i++) f(this[i], i, this) })
	add('map', function (f) { var out = []; for (var i = 0; i < this.length; i++) out[i] = f(this[i], i, this); return out })
	add('join', function (by) {
		var out = ''
		for (var i = 0; i < this.length; i++) out += (i > 0 ? by === undefined ? ',' : by : '') + this[i]
		return out
	})
	add(iterator, function* () { for (var i = 0; i < this.length; i++) yield this[i] })
})()`
