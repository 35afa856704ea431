package scenarios

// expectRegexp matches the body. As in Artillery, a body that the server says is JSON is matched as the text that
// JavaScript makes of an object, which is of little use.
func expectRegexp(w *want, in *reading, vars *Vars) CheckResult {
	result := CheckResult{Type: "matchesRegexp", Want: "true", Got: "false"}
	pattern, err := w.regexp.get(vars)
	if err != nil {
		result.Got = err.Error()
		return result
	}
	text := in.content().text()
	if result.OK, err = pattern.matches(text); err != nil {
		result.Got = err.Error()
	} else if result.OK {
		result.Got = "true"
	} else if text == "[object Object]" {
		result.Got = "false: the body is JSON, which Artillery matches as " + text + ": use hasProperty, or capture and match"
	}
	return result
}
