package scenarios

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/dop251/goja"
)

// expression is a JavaScript expression of a JSONPath, about one place in a document. jsonpath-plus evaluates it with a
// small interpreter of its own; ours runs in goja, and is refused if it holds what that interpreter does not know.
// That also makes it end: there is nothing to repeat with.
type expression struct {
	program *goja.Program
	path    bool      // @path is in it, which is dear
	idle    sync.Pool // of *evaluator: a runtime serves one goroutine at a time
}

// evaluator is a runtime with the expression in it.
type evaluator struct {
	runtime *goja.Runtime
	call    goja.Callable
}

const maxExpression = 1000 // bytes

// expressionNames are what @… stands for. Longer names come before those they begin with.
func expressionNames() []string {
	return []string{"@parentProperty", "@parent", "@property", "@root", "@path"}
}

func compileExpression(text string) (*expression, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("an expression of more than %d bytes", maxExpression)
	}
	names := []string{"_$_v"}
	source := text
	for _, name := range expressionNames() {
		variable := "_$_" + name[1:]
		source = strings.ReplaceAll(source, name, variable)
		names = append(names, variable)
	}
	source = replaceAt(source)
	if err := checkExpression(source, names); err != nil {
		return nil, fmt.Errorf("(%s): %w", text, err)
	}
	program, err := goja.Compile("", "(function("+strings.Join(names, ",")+"){return (\n"+source+"\n)})", false)
	if err != nil {
		return nil, fmt.Errorf("(%s): %w", text, err)
	}
	return &expression{program: program, path: strings.Contains(text, "@path")}, nil
}

// replaceAt replaces each @ that stands for the place itself.
func replaceAt(source string) string {
	var out strings.Builder
	for i, c := range []byte(source) {
		last := i+1 == len(source)
		if c == '@' && (last || strings.IndexByte(". \t\r\n)[=!<>", source[i+1]) >= 0) {
			out.WriteString("_$_v")
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

// eval evaluates the expression for a place; its parent is that of the list or map it is in, as in jsonpath-plus.
func (e *expression) eval(root any, at *hit) (v Value, err error) {
	run, err := e.evaluator()
	if err != nil {
		return Value{}, err
	}
	defer e.idle.Put(run)
	within := orNowhere(at.parent)
	above := orNowhere(within.parent)
	path := ""
	if e.path {
		path = at.pathText()
	}
	result, err := run.call(goja.Undefined(), run.value(at.value), run.value(within.name), run.value(above.value),
		run.value(at.name), run.value(root), run.value(path))
	if err != nil {
		message, _, _ := strings.Cut(firstLine(err.Error()), " at <eval>")
		return Value{}, errors.New(strings.TrimPrefix(message, "TypeError: "))
	}
	return fromGoja(result), nil
}

// orNowhere returns the place itself, or an empty one where there is none.
func orNowhere(at *hit) *hit {
	if at == nil {
		return &hit{}
	}
	return at
}

func (e *expression) evaluator() (*evaluator, error) {
	if run, ok := e.idle.Get().(*evaluator); ok {
		return run, nil
	}
	run := &evaluator{runtime: goja.New()}
	function, err := run.runtime.RunProgram(e.program)
	if err != nil {
		return nil, err
	}
	run.call, _ = goja.AssertFunction(function)
	return run, nil
}

func (r *evaluator) value(v any) goja.Value { return r.runtime.ToValue(v) }

// fromGoja returns what an expression yielded. Of objects only that they are true is of interest.
func fromGoja(v goja.Value) Value {
	switch {
	case v == nil || goja.IsUndefined(v):
		return Value{}
	case goja.IsNull(v):
		return Any(nil)
	}
	switch x := v.Export().(type) {
	case int64:
		return Int(x)
	case string, bool, float64:
		return Any(x)
	}
	return Any([]any{})
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
