package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// The most a script may have, in bytes. Generated target lists are long; what people write themselves is not, and
// what a parser makes of it takes many times its size in memory.
const (
	maxFile      = 16 << 20
	maxArtillery = 1 << 20
	maxSiege     = 16 << 10
)

// LoadOptions say what a script's own words give way to.
type LoadOptions struct {
	// Target is the URL to attack instead of the script's own. For an Artillery script it replaces config.target
	// as a whole; for siege.js scripts and target lists scheme, host and port. Empty: as the script says.
	Target string
}

// LoadFile loads the script in a file.
func LoadFile(path string, opts LoadOptions) (*Script, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read script: %w", err)
	}
	defer f.Close()
	return Load(path, f, opts)
}

// Load reads a script from src until its end, at most 16 MiB. name stands for it in errors and warnings, and its
// extension helps to tell which dialect it is; without a telling extension the text itself decides. The error holds
// everything that is wrong with the script, one *SyntaxError each, errors.Join'ed; errors that are not about
// the text, such as a failed read or an unusable Target, are of other types.
func Load(name string, src io.Reader, opts LoadOptions) (*Script, error) {
	if err := checkTarget(opts.Target); err != nil {
		return nil, err
	}
	text, err := readText(name, src)
	if err != nil {
		return nil, err
	}
	r := newReader(name, opts)
	switch dialect := detect(name, text); dialect {
	case artilleryScript:
		r.readWithin(text, maxArtillery, r.readArtillery)
	case siegeScript:
		r.readWithin(text, maxSiege, r.readSiege)
	case targetList:
		r.readTargets(text)
	case otherJavaScript:
		r.refuseJavaScript(text)
	case urlList:
		r.errorf(Pos{File: name}, "this looks like a list of URLs for siege(1), which is not supported yet: "+
			"write each line as 'GET URL'")
	}
	return r.finish()
}

func (r *reader) readWithin(text string, limit int, read func(string)) {
	if len(text) > limit {
		r.errorf(Pos{File: r.file}, "a script of %d bytes is too long: at most %d", len(text), limit)
		return
	}
	read(text)
}

// readText reads the whole text, in UTF-8, without a byte order mark and with line feeds as its only line ends.
func readText(name string, src io.Reader) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(src, maxFile+1))
	refuse := func(reason string) (string, error) { return "", &SyntaxError{Pos{File: name}, reason} }
	switch {
	case err != nil:
		var path *os.PathError
		if errors.As(err, &path) {
			return "", fmt.Errorf("read script: %w", err) // it names the file
		}
		return "", fmt.Errorf("read script %s: %w", name, err)
	case len(raw) > maxFile:
		return refuse(fmt.Sprintf("longer than %d MiB: too long for a script", maxFile>>20))
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}), bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		return refuse("in UTF-16: save it as UTF-8")
	case bytes.IndexByte(raw, 0) >= 0:
		return refuse("a binary file, not a script")
	case !utf8.Valid(raw):
		return refuse("not in UTF-8: a binary file, or a text in another encoding")
	}
	text := strings.TrimPrefix(string(raw), "\ufeff")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if strings.TrimSpace(text) == "" {
		return refuse("empty")
	}
	return text, nil
}
