//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// source says where a program comes from: one of these is set, or none for the imgsvc of this tree.
type source struct{ debian, npm, module string }

// find returns the path of a program, which it installs if it may.
func (b *box) find(ctx context.Context, program string, from source) (string, error) {
	if from == (source{}) {
		return b.imgsvc, nil
	}
	if path, ok := b.lookup(program, from); ok {
		return path, nil
	}
	if !b.install {
		return "", errors.New("not installed; --install does that")
	}
	fmt.Fprintf(os.Stderr, "installing %s\n", program)
	if err := b.fetch(ctx, program, from); err != nil {
		return "", fmt.Errorf("install it: %w", err)
	}
	path, ok := b.lookup(program, from)
	if !ok {
		return "", errors.New("install it: it is still not there")
	}
	return path, nil
}

// lookup looks where fetch puts things, and for Debian's in the PATH; others there may be of another version.
func (b *box) lookup(program string, from source) (string, bool) {
	path := filepath.Join(b.tools, "bin", program)
	switch {
	case from.debian != "":
		found, err := exec.LookPath(program)
		return found, err == nil
	case from.npm != "":
		path = filepath.Join(b.tools, "node_modules", ".bin", program)
	}
	_, err := os.Stat(path)
	return path, err == nil
}

func (b *box) fetch(ctx context.Context, program string, from source) error {
	switch {
	case from.debian != "":
		return b.fetchDebian(ctx, from.debian)
	case from.npm != "":
		return npmInstall(ctx, b.tools, from.npm)
	}
	return b.fetchModule(ctx, program, from.module)
}

// fetchModule builds the program at the root of a module, in a module of its own. 'go install' would do the same, but
// it also asks for the list of the module's versions, to warn of retracted ones, and not every proxy has that list.
func (b *box) fetchModule(ctx context.Context, program, module string) error {
	dir, err := os.MkdirTemp(b.dir, "module")
	if err != nil {
		return err
	}
	path, version, _ := strings.Cut(module, "@")
	text := fmt.Sprintf("module peer\n\ngo 1.26\n\nrequire %s %s\n", path, version)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o600); err != nil {
		return err
	}
	return command(ctx, "go", "build", "-C", dir, "-mod=mod", "-o", filepath.Join(b.tools, "bin", program), path)
}

// fetchDebian installs a package; where that fails it asks for the list of packages first, which may be missing or old.
func (b *box) fetchDebian(ctx context.Context, name string) error {
	asRoot := func(args ...string) error {
		if os.Geteuid() != 0 {
			args = append([]string{"sudo"}, args...)
		}
		return command(ctx, args[0], args[1:]...)
	}
	if err := asRoot("apt-get", "install", "-y", name); err == nil {
		return nil
	}
	return errors.Join(asRoot("apt-get", "update"), asRoot("apt-get", "install", "-y", name))
}

// npmInstall installs into a folder what its package.json wants, and the named packages. Scripts of packages are not
// run: one of Artillery's dependencies would download browsers.
func npmInstall(ctx context.Context, dir string, names ...string) error {
	args := []string{"install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir}
	return command(ctx, "npm", append(args, names...)...)
}
