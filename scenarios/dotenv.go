package scenarios

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// maxDotenv is the most bytes a file of environment variables may have.
const maxDotenv = 1 << 20

// dotenvLine is one assignment: NAME=value or NAME: value, perhaps behind export, with quotes of one of three kinds,
// between which a value may have several lines, and with a comment behind.
var dotenvLine = regexp.MustCompile(`(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z0-9_.-]+)(?:[ \t]*=[ \t]*|:[ \t]+)` +
	`('(?:\\'|[^'])*'|"(?:\\"|[^"])*"|` + "`(?:\\\\`|[^`])*`" + `|[^#\n]*)[ \t]*(?:#.*)?$`)

// readDotenv reads the variables of a file. What is no assignment in it is passed over, as everywhere.
func readDotenv(path string) (map[string]string, error) {
	text, err := readSmall(path, maxDotenv)
	if err != nil {
		return nil, fmt.Errorf("read environment file: %w", err)
	}
	return parseDotenv(string(text)), nil
}

func parseDotenv(text string) map[string]string {
	vars := map[string]string{}
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	for _, found := range dotenvLine.FindAllStringSubmatch(text, -1) {
		value := strings.TrimSpace(found[2])
		if n := len(value); n >= 2 && strings.IndexByte("'\"`", value[0]) >= 0 && value[n-1] == value[0] {
			quote := value[0]
			value = value[1 : n-1]
			if quote == '"' {
				value = strings.NewReplacer(`\n`, "\n", `\r`, "\r").Replace(value)
			}
		}
		vars[found[1]] = value
	}
	return vars
}

// readSmall reads a regular file of at most limit bytes. Pipes and devices, which may never end, are refused; of files
// that the system makes up as they are read, which may wait as well, there is nothing to read, since their size is 0.
func readSmall(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &os.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	case info.Size() > limit:
		return nil, &os.PathError{Op: "read", Path: path, Err: fmt.Errorf("longer than %d bytes", limit)}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, info.Size()))
}
