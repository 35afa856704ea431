package scenarios

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What payload files may have. A field takes some 50 bytes and its text, so that a script's payloads take half a GiB at
// the very most.
const (
	maxPayloadFile = 64 << 20  // bytes of one file
	maxPayloads    = 256 << 20 // bytes of all files of a script
	maxPayload     = 5_000_000 // fields of all files of a script
	maxWhole       = 500_000   // rows of all files that are one variable each, some 500 bytes a row
)

// csvOptions say how a payload file is read; their meaning is that of csv-parse, which Artillery uses.
type csvOptions struct {
	comma, comment   rune // comment 0: none
	cast             bool // what looks like a number is one
	skipEmpty        bool // empty lines are no rows
	relaxQuotes      bool
	ragged           bool // rows may differ in length
	trim             bool
	fromLine, toLine int // counted from 1; toLine 0: the last
}

// csvTable is a file's rows, one behind the other.
type csvTable struct {
	values []Value
	ends   []int // of each row in values
}

func (t *csvTable) rows() int { return len(t.ends) }

func (t *csvTable) row(i int) []Value {
	from := 0
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.values[from:t.ends[i]]
}

// widest returns the most columns a row has.
func (t *csvTable) widest() int {
	most := 0
	for i := range t.ends {
		most = max(most, len(t.row(i)))
	}
	return most
}

// readCSV reads a file; left is how many fields there may still be. Its errors name the line.
func readCSV(text []byte, o csvOptions, left *int) (*csvTable, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		return nil, errors.New("not in UTF-8")
	}
	if o.comment == o.comma {
		return nil, errors.New("comment and delimiter are the same")
	}
	in := csv.NewReader(bytes.NewReader(text))
	in.Comma, in.Comment, in.LazyQuotes, in.FieldsPerRecord = o.comma, o.comment, o.relaxQuotes, -1
	in.ReuseRecord = true // its strings are new each time, all the same
	t := &csvTable{}
	for {
		before := in.InputOffset()
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return t, t.end(text[before:], o, left)
		}
		if err != nil {
			return nil, err
		}
		line, _ := in.FieldPos(0)
		if o.toLine > 0 && line > o.toLine {
			return t, nil
		}
		if !o.skipEmpty {
			*left -= t.blank(text[before:], line, o, *left+1)
		}
		if line >= o.fromLine {
			t.add(record, o)
		}
		if *left -= len(record); *left < 0 {
			return nil, tooManyFields(fmt.Sprintf("line %d", line))
		}
		if err := t.even(fmt.Sprintf("line %d", line), o); err != nil {
			return nil, err
		}
	}
}

// add appends a row.
func (t *csvTable) add(record []string, o csvOptions) {
	for _, text := range record {
		if o.trim {
			text = strings.TrimSpace(text)
		}
		t.values = append(t.values, castField(text, o.cast))
	}
	t.ends = append(t.ends, len(t.values))
}

// blank appends a row of one empty field for each empty line before a record on line, at most most, and returns how
// many lines there are.
func (t *csvTable) blank(text []byte, line int, o csvOptions, most int) int {
	rest := bytes.TrimLeft(text, "\r\n")
	lines := min(most, bytes.Count(text[:len(text)-len(rest)], []byte("\n")))
	for n := lines; n > 0; n-- {
		if line-n >= o.fromLine {
			t.add([]string{""}, o)
		}
	}
	return lines
}

// end appends what empty lines there are behind the last record.
func (t *csvTable) end(rest []byte, o csvOptions, left *int) error {
	if o.skipEmpty || o.toLine > 0 {
		return nil
	}
	if *left -= t.blank(rest, math.MaxInt, o, *left+1); *left < 0 {
		return tooManyFields("the end")
	}
	return t.even("the end", o)
}

func tooManyFields(where string) error {
	return fmt.Errorf("%s: the script's payloads have more than %d fields", where, maxPayload)
}

// even checks that the last row has as many columns as the first.
func (t *csvTable) even(where string, o csvOptions) error {
	n := t.rows()
	if o.ragged || n == 0 || len(t.row(n-1)) == len(t.row(0)) && (o.skipEmpty || n < 2 || len(t.row(n-2)) == len(t.row(0))) {
		return nil
	}
	return fmt.Errorf("%s: %d columns, where the first row has %d: quote what has a delimiter in it, "+
		"or allow it with options: {relax_column_count: true}", where, len(t.row(n-1)), len(t.row(0)))
}

// decimal is what JavaScript's Number and parseFloat agree on.
var decimal = regexp.MustCompile(`^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$`)

// castField returns a field's value: a number if it looks like one, so that 007 is 7 and 1e3 is 1000.
func castField(text string, cast bool) Value {
	if !cast || !mayBeNumber(text) || !decimal.MatchString(text) {
		return Any(text)
	}
	number, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsInf(number, 0) {
		return Any(text)
	}
	if number == math.Trunc(number) && math.Abs(number) < 1<<53 {
		return Int(int64(number))
	}
	return Any(number)
}

// mayBeNumber is a quick look at a text's first byte.
func mayBeNumber(text string) bool {
	return text != "" && (text[0] <= '9' || text[0] >= utf8.RuneSelf)
}
