package scenarios

import (
	"strings"

	"github.com/dop251/goja"
)

// get adds a request for a path, with the query that may follow it.
func (c *chain) get(pos Pos, args []goja.Value) goja.Value {
	return c.send(pos, "GET", arg(args, 0), arg(args, 1), goja.Undefined())
}

// post adds a request with a form.
func (c *chain) post(pos Pos, args []goja.Value) goja.Value {
	return c.send(pos, "POST", arg(args, 0), goja.Undefined(), arg(args, 1))
}

// request adds a request with any method.
func (c *chain) request(pos Pos, args []goja.Value) goja.Value {
	options, ok := arg(args, 0).(*goja.Object)
	if !ok {
		c.abort(pos, "request takes an object with method, path, query and body")
	}
	given := map[string]goja.Value{"method": c.vm.ToValue("GET"), "path": goja.Undefined(), "query": goja.Undefined(), "body": goja.Undefined()}
	for _, key := range options.Keys() {
		if given[key] == nil {
			c.errorf(pos, "a request has method, path, query and body, not %q", key)
		}
		given[key] = options.Get(key)
	}
	method, ok := text(given["method"])
	if !ok || !isToken(method) {
		c.abort(pos, "method must be an HTTP method")
	}
	return c.send(pos, strings.ToUpper(method), given["path"], given["query"], given["body"])
}

// send fills the task that waits for its request, or a new one.
func (c *chain) send(pos Pos, method string, path, query, body goja.Value) goja.Value {
	task := c.plan.last()
	if task == nil || task.method != "" {
		task = c.newTask(pos)
	}
	task.pos, task.method = pos, method
	var ok bool
	if task.path, ok = text(path); !ok || !strings.HasPrefix(task.path, "/") || len(task.path) > maxSiegePath {
		c.abort(pos, "a path must be text that begins with /, of at most %d bytes", maxSiegePath)
	}
	c.addQuery(pos, task, query)
	c.addForm(pos, task, body)
	return (&chain{c.siege, c.plan, task}).value()
}

// addQuery puts a query in place of the path's own.
func (c *chain) addQuery(pos Pos, task *siegeTask, query goja.Value) {
	if goja.IsUndefined(query) || goja.IsNull(query) {
		return
	}
	fields, ok := query.(*goja.Object)
	switch {
	case !ok:
		c.errorf(pos, "a query must be an object: put text behind a ? in the path")
	case task.method != "GET":
		c.warnf(pos, "the query of a %s is left out, as in siege.js: put it in the path", task.method)
	default:
		before, _, _ := strings.Cut(task.path, "?")
		task.path = before + "?" + c.encodeForm(pos, fields)
	}
}

// addForm encodes a body as a form, which is all siege.js sends.
func (c *chain) addForm(pos Pos, task *siegeTask, body goja.Value) {
	if goja.IsUndefined(body) || goja.IsNull(body) {
		return
	}
	fields, ok := body.(*goja.Object)
	switch {
	case !ok:
		c.errorf(pos, "a body must be an object, the fields of a form: siege.js sends no text")
	case task.method != "POST":
		c.warnf(pos, "the body of a %s is left out, as in siege.js: only POST sends one", task.method)
	default:
		task.form, task.hasForm = c.encodeForm(pos, fields), true
	}
}

// encodeForm encodes an object as Node's querystring does: a list is a field for each of its items, and what is
// neither text nor number nor boolean is empty.
func (c *chain) encodeForm(pos Pos, fields *goja.Object) string {
	var out strings.Builder
	add := func(key string, v goja.Value) {
		value, _ := plain(v)
		if out.Len()+len(key)+len(value) > maxSiegeForm {
			c.abort(pos, "a query or form of more than %d bytes", maxSiegeForm)
		}
		if out.Len() > 0 {
			out.WriteByte('&')
		}
		out.WriteString(escapeForm(key) + "=" + escapeForm(value))
	}
	for _, key := range fields.Keys() {
		value := fields.Get(key)
		list, isObject := value.(*goja.Object)
		if !isObject || list.ClassName() != "Array" {
			add(key, value)
			continue
		}
		for _, i := range list.Keys() {
			add(key, list.Get(i))
		}
	}
	return out.String()
}

// escapeForm percent-encodes all that Node's querystring does.
func escapeForm(s string) string {
	var out strings.Builder
	for _, c := range []byte(s) {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("-_.!~*'()", c) >= 0 {
			out.WriteByte(c)
		} else {
			out.WriteString("%" + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15]))
		}
	}
	return out.String()
}
