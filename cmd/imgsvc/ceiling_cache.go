package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
)

// ceilings are the ceilings this machine's generators have been measured at, in the user's cache folder. Without a
// file nothing is kept.
type ceilings struct{ file string }

// openCeilings finds the file. A build that does not know its version keeps nothing: the next one may be faster, and
// could not be told from it.
func openCeilings(version string) ceilings {
	folder, err := os.UserCacheDir()
	if err != nil || !isRelease(version) {
		return ceilings{}
	}
	return ceilings{filepath.Join(folder, "imgsvc", "ceilings.json")}
}

// isRelease reports whether a version stands for one state of the source.
func isRelease(version string) bool {
	return strings.HasPrefix(version, "v") && !strings.HasSuffix(version, "+dirty")
}

// find returns the ceiling for such requests with answers of so many bytes.
func (s ceilings) find(o attack.Options, bytes int64) (c reports.Ceiling, found bool) {
	if s.file == "" {
		return c, false
	}
	c, found = reports.ReadCeilings(s.file, time.Now())[ceilingKey(o, bytes)]
	c.Cached = true
	return c, found
}

// keep adds a ceiling to the file, if it can be relied on.
func (s ceilings) keep(o attack.Options, c reports.Ceiling) error {
	if s.file == "" || !c.Trusted() {
		return nil
	}
	all := reports.ReadCeilings(s.file, time.Now())
	all[ceilingKey(o, c.ResponseBytes)] = c
	return all.WriteFile(s.file)
}

// get returns the ceiling that was kept, or measures it and keeps it. That it cannot be kept is a warning.
func (s ceilings) get(ctx context.Context, o attack.Options) (reports.Ceiling, error) {
	bytes, assumed := askTarget(ctx, o)
	bytes = min(bytes, maxNullBody)
	if c, found := s.find(o, bytes); found && c.Assumed == assumed {
		return c, nil
	}
	c, err := measureCeiling(ctx, o, bytes)
	if err != nil {
		return c, err
	}
	c.Assumed = assumed
	if err := s.keep(o, c); err != nil {
		c.Warnings = append(c.Warnings, err.Error())
	}
	return c, nil
}

// ceilingKey stands for all that a ceiling depends on: machine, version, and the shape of the requests. Shapes count
// lengths by 64 bytes and answers by powers of two; what is sent is not in it.
func ceilingKey(o attack.Options, bytes int64) string {
	cpus, _ := allowedCPUs() // unknown is the same every time
	sum := sha256.New()
	fmt.Fprintln(sum, version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintln(sum, cpuModel(), runtime.NumCPU(), cpus, runtime.GOMAXPROCS(0))
	fmt.Fprintln(sum, engineOf(o), o.Protocol, o.Connections, atOnce(o), bits.Len64(uint64(bytes)))
	writeShape(sum, o)
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func writeShape(w io.Writer, o attack.Options) {
	const grain = 64
	for _, r := range o.Script.Requests {
		_, constant := r.URL.Text()
		_, body := r.Body.Text()
		secure := strings.HasPrefix(strings.ToLower(r.URL.Prefix()), "https://")
		headers := 0
		for _, h := range r.Headers {
			headers += len(h.Name) + len(h.Value.String())
		}
		fmt.Fprintln(w, r.Method, secure, constant, body, len(r.Headers), headers/grain,
			len(r.URL.String())/grain, len(r.Body.String())/grain)
	}
	for _, s := range o.Script.Scenarios {
		fmt.Fprintln(w, s.Weight, len(s.Steps), s.Independent)
	}
}

// cpuModel names the processor; it is empty where that is not known.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, model, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return ""
}
