package main

import (
	"bytes"
	"strings"
	"unicode"
)

// shownBody is how much of a body is shown to people, in bytes.
const shownBody = 2 << 10

// shownHead splits the lines behind the first of a request's or an answer's head, without the values of those that are
// nobody else's business.
func shownHead(head []byte) (first string, lines []string) {
	head, _, _ = bytes.Cut(head, []byte("\r\n\r\n"))
	for i, line := range strings.Split(strings.TrimRight(string(head), "\r\n"), "\n") {
		line = printable(strings.TrimSuffix(line, "\r"))
		if i == 0 {
			first = line
		} else {
			lines = append(lines, shownHeader(line))
		}
	}
	return first, lines
}

func shownHeader(line string) string {
	name, _, ok := strings.Cut(line, ":")
	if ok && isSecret(name) {
		return name + ": …"
	}
	return line
}

// isSecret reports whether a header is one that lets people in.
func isSecret(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	for _, part := range []string{"authorization", "cookie", "token", "secret", "password", "api-key", "apikey"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// shownText returns the beginning of a body, and how many bytes of it are left out. Bytes that a terminal would take for
// orders are replaced.
func shownText(body []byte) (text string, left int) {
	if len(body) > shownBody {
		body, left = body[:shownBody], len(body)-shownBody
	}
	return printable(string(body)), left
}

func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, strings.ToValidUTF8(text, "\uFFFD"))
}
