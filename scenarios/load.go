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

	// The rest is for Artillery scripts. Other dialects have nothing of the kind, which a warning says.

	Environment string   // the entry of config.environments that is laid over config
	Config      []string // files laid over the script, one after the other; the last word is theirs
	Overrides   string   // a JSON object laid over all that; its lists replace, where those of files go item by item
	Variables   string   // a JSON object of variables, before those of config.variables
	Scenario    string   // the only scenario to run: its name, or a regular expression that fits one alone; empty: all
	Dotenv      string   // a file of NAME=value lines, for what the environment does not set
	Seed        uint64   // of what is drawn once for the whole run, such as a random number in config

	// Env looks up a variable of the environment; nil is os.LookupEnv.
	Env func(name string) (value string, ok bool)
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
	if err := r.prepare(); err != nil {
		return nil, err
	}
	dialect := detect(name, text)
	if dialect != artilleryScript {
		r.artilleryOnly()
	}
	switch dialect {
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

// prepare completes the options: the environment with what the dotenv file adds to it.
func (r *reader) prepare() error {
	if r.opts.Env == nil {
		r.opts.Env = os.LookupEnv
	}
	if r.opts.Dotenv == "" {
		return nil
	}
	added, err := readDotenv(r.opts.Dotenv)
	outer := r.opts.Env
	r.opts.Env = func(name string) (string, bool) {
		if value, ok := outer(name); ok {
			return value, true
		}
		value, ok := added[name]
		return value, ok
	}
	return err
}

// artilleryOnly warns of options that this dialect has no use for.
func (r *reader) artilleryOnly() {
	for _, option := range []struct{ flag, value string }{
		{"--environment", r.opts.Environment}, {"--config", strings.Join(r.opts.Config, " ")}, {"--overrides", r.opts.Overrides},
		{"--variables", r.opts.Variables}, {"--scenario-name", r.opts.Scenario}, {"--dotenv", r.opts.Dotenv},
	} {
		if option.value != "" {
			r.warnf(Pos{File: r.file}, "%s has no effect: this is no Artillery script", option.flag)
		}
	}
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
