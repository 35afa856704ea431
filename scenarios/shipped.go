package scenarios

import (
	"embed"
	"fmt"
)

// shipped holds the scripts of the original write-up, byte for byte.
//
//go:embed artillery.yml artillery-production.yml siege.js
var shipped embed.FS

// LoadShipped loads one of the scripts in this folder, by its name there, from the program itself.
func LoadShipped(name string, opts LoadOptions) (*Script, error) {
	f, err := shipped.Open(name)
	if err != nil {
		return nil, fmt.Errorf("no script of that name is shipped: %w", err)
	}
	defer f.Close()
	return Load(name, f, opts)
}
