package reports

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Comparison is reports side by side. The first is what the others are set against.
type Comparison struct {
	Schema  int       `json:"schema"`
	Reports []*Report `json:"reports"`
	Files   []string  `json:"-"` // that the reports are from, in their order
}

// Compare puts reports side by side, two or more, and the names of their files. It holds all of them.
func Compare(files []string, reports []*Report) *Comparison {
	return &Comparison{Schema: Schema, Reports: reports, Files: files}
}

// NoProof is what must be said wherever runs are set side by side.
const NoProof = "Two single runs prove no difference: without any cause one differs from the next. Only pairs that are run in " +
	"turn, interleaved, do: imgsvc gate."

type comparisonFormat struct {
	name  string
	write func(*Comparison, io.Writer) error
}

func comparisonFormats() []comparisonFormat {
	return []comparisonFormat{
		{"text", (*Comparison).writeText}, {"json", (*Comparison).writeJSON}, {"markdown", (*Comparison).writeMarkdown},
		{"html", (*Comparison).writeHTML},
	}
}

// ComparisonFormats returns the names of what Comparison.Write can write, the usual one first.
func ComparisonFormats() (names []string) {
	for _, f := range comparisonFormats() {
		names = append(names, f.name)
	}
	return names
}

// CheckComparisonFormat returns an error that lists what exists if Comparison.Write does not know a format of that name.
func CheckComparisonFormat(name string) error {
	if names := ComparisonFormats(); !slices.Contains(names, name) {
		return fmt.Errorf("reports cannot be compared as %s: as %s they can", name, strings.Join(names, ", "))
	}
	return nil
}

// Write writes the comparison as text for people, markdown, a page (html), or json: the reports whole, without ratios.
func (c *Comparison) Write(w io.Writer, name string) error {
	if err := CheckComparisonFormat(name); err != nil {
		return err
	}
	i := slices.IndexFunc(comparisonFormats(), func(f comparisonFormat) bool { return f.name == name })
	buffered := bufio.NewWriter(w)
	err := comparisonFormats()[i].write(c, buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return fmt.Errorf("write comparison as %s: %w", name, err)
	}
	return nil
}

func (c *Comparison) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(c)
}

// writeText writes a table as wide as text is, and as many below each other as the runs need; each has the first run.
func (c *Comparison) writeText(w io.Writer) error {
	rows := c.rows()
	per := min(len(c.Reports), mostAbreast)
	label := 0
	for _, r := range rows {
		label = max(label, min(len([]rune(r.label)), textWidth-per*comparedWidth))
	}
	for from := 1; from < len(c.Reports); from += per - 1 {
		runs := []int{0}
		for i := from; i < min(from+per-1, len(c.Reports)); i++ {
			runs = append(runs, i)
		}
		if from > 1 {
			fmt.Fprintln(w)
		}
		c.writeTable(w, rows, runs, label)
	}
	fmt.Fprintln(w)
	for _, text := range append(c.unlike(), NoProof) {
		fmt.Fprintln(w, wrap(plain(text), textWidth, "  "))
	}
	return nil
}

const (
	mostAbreast   = 4  // runs
	comparedWidth = 18 // columns of a run: its figure and the ratio
	ratioWidth    = 8
)

func (c *Comparison) writeTable(w io.Writer, rows []row, runs []int, label int) {
	text := strings.Repeat(" ", label)
	for _, i := range runs {
		text += fmt.Sprintf("%*s", comparedWidth, clip(plain(c.Files[i]), comparedWidth-1))
	}
	fmt.Fprintln(w, text)
	for _, r := range rows {
		text := fmt.Sprintf("%-*s", label, clip(r.label, label))
		for _, i := range runs {
			if i == 0 { // it has no ratio
				text += fmt.Sprintf("%*s", comparedWidth, r.value(i))
				continue
			}
			text += fmt.Sprintf("%*s%*s", comparedWidth-ratioWidth, r.value(i), ratioWidth, r.ratio(i))
		}
		fmt.Fprintln(w, strings.TrimRight(text, " "))
	}
}

// writeMarkdown writes one table, a figure and its ratio in a cell.
func (c *Comparison) writeMarkdown(w io.Writer) error {
	head, rule := "| |", "| --- |"
	for _, file := range c.Files {
		head, rule = head+" "+escaped(file)+" |", rule+" ---: |"
	}
	fmt.Fprintf(w, "%s\n%s\n", head, rule)
	for _, r := range c.rows() {
		text := "| " + escaped(r.label) + " |"
		for i := range c.Reports {
			text += " " + escaped(strings.TrimSpace(r.value(i)+" "+r.ratio(i))) + " |"
		}
		fmt.Fprintln(w, text)
	}
	for _, text := range append(c.unlike(), NoProof) {
		fmt.Fprintf(w, "\n%s\n", escaped(text))
	}
	return nil
}

// unlike says what the runs do not have in common, so that nobody takes it for what was changed.
func (c *Comparison) unlike() (unlike []string) {
	for _, field := range []struct {
		name string
		of   func(*Report) string
	}{
		{"scripts", func(r *Report) string { return r.Script }},
		{"targets", func(r *Report) string { return r.Target }},
		{"protocols", func(r *Report) string { return spoken(r.Protocol) }},
		{"versions of imgsvc", func(r *Report) string { return r.Environment.Imgsvc }},
	} {
		by := newFiles()
		for i, r := range c.Reports {
			by.add(orDash(field.of(r)), c.Files[i])
		}
		if len(by.texts) > 1 {
			unlike = append(unlike, "Different "+field.name+": "+strings.Join(by.list(len(c.Reports)), ", ")+".")
		}
	}
	for i, r := range c.Reports {
		if limit := r.Generator.Limit; r.Requests > 0 && limit != LimitService {
			unlike = append(unlike, fmt.Sprintf("Limit of %s: %s.", c.Files[i], r.limitText()))
		}
	}
	return unlike
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}
