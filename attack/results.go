package attack

import (
	"bufio"
	"fmt"
	"io"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// ResultWriter writes results in vegeta's binary encoding, which vegeta's own commands read. Bodies are what
// Options.MaxBody lets through; headers are not kept. After an error it writes nothing more; Flush returns it.
type ResultWriter struct {
	buffer *bufio.Writer
	encode vegeta.Encoder
	err    error
}

// NewResultWriter returns a writer to w.
func NewResultWriter(w io.Writer) *ResultWriter {
	buffer := bufio.NewWriterSize(w, 64<<10)
	return &ResultWriter{buffer: buffer, encode: vegeta.NewEncoder(buffer)}
}

// Write takes one result.
func (w *ResultWriter) Write(r *Result) {
	if w.err == nil {
		w.err = w.encode(&r.Result)
	}
}

// Flush writes what is still buffered, and returns the first error there was.
func (w *ResultWriter) Flush() error {
	if w.err == nil {
		w.err = w.buffer.Flush()
	}
	if w.err != nil {
		return fmt.Errorf("write results: %w", w.err)
	}
	return nil
}
