package scenarios

import (
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// arg returns an argument, or undefined.
func arg(args []goja.Value, i int) goja.Value {
	if i < len(args) {
		return args[i]
	}
	return goja.Undefined()
}

// text returns a value that is text; other values are not asked what they look like, because that may be a call.
func text(v goja.Value) (string, bool) {
	if v == nil || v.ExportType() == nil || v.ExportType().Kind() != reflect.String {
		return "", false
	}
	s, ok := v.Export().(string)
	return s, ok
}

// number returns a value that is a finite number, or text with one in it.
func number(v goja.Value) (float64, bool) {
	if s, ok := text(v); ok {
		n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
	}
	if _, isObject := v.(*goja.Object); isObject {
		return 0, false
	}
	switch n := v.Export().(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, !math.IsInf(n, 0) && !math.IsNaN(n)
	}
	return 0, false
}

// plain returns the text of a value that is text, number or boolean.
func plain(v goja.Value) (string, bool) {
	if s, ok := text(v); ok {
		return s, true
	}
	if n, ok := number(v); ok {
		return string(appendNumber(nil, n)), true
	}
	if _, isObject := v.(*goja.Object); !isObject {
		if b, ok := v.Export().(bool); ok {
			return strconv.FormatBool(b), true
		}
	}
	return "", false
}
