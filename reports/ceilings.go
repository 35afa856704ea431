package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Ceilings are what was measured on this machine, by a key that stands for machine, version and kind of request.
type Ceilings map[string]Ceiling

// Bounds of the file of ceilings.
const (
	maxCeilings    = 200                 // entries; the oldest go first
	maxCeilingFile = 4 << 20             // bytes that are read
	maxCeilingAge  = 30 * 24 * time.Hour // then it is measured anew: kernels and machines change
)

// ReadCeilings reads the file. One that is not there, or damaged, or of another schema, holds nothing: what is
// missing is measured anew.
func ReadCeilings(path string, now time.Time) Ceilings {
	f, err := os.Open(path)
	if err != nil {
		return Ceilings{}
	}
	defer f.Close()
	var doc ceilingFile
	err = json.NewDecoder(io.LimitReader(f, maxCeilingFile)).Decode(&doc)
	if err != nil || doc.Schema != Schema || doc.Ceilings == nil {
		return Ceilings{}
	}
	for key, c := range doc.Ceilings {
		if c.Schema != Schema || c.RPS <= 0 || now.Sub(c.MeasuredAt) > maxCeilingAge {
			delete(doc.Ceilings, key)
		}
	}
	return doc.Ceilings
}

type ceilingFile struct {
	Schema   int      `json:"schema"`
	Ceilings Ceilings `json:"ceilings"`
}

// WriteFile writes the file, and its folder if need be; it is replaced whole. Of two who write at once the last wins,
// and the other measures again some day.
func (c Ceilings) WriteFile(path string) error {
	for len(c) > maxCeilings {
		c.dropOldest()
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keep the ceiling: %w", err)
	}
	err := replaceFile(path, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(ceilingFile{Schema, c})
	})
	if err != nil {
		return fmt.Errorf("keep the ceiling in %s: %w", path, err)
	}
	return nil
}

func (c Ceilings) dropOldest() {
	oldest := ""
	for key := range c {
		if oldest == "" || c[key].MeasuredAt.Before(c[oldest].MeasuredAt) {
			oldest = key
		}
	}
	delete(c, oldest)
}
