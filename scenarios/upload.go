package scenarios

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// The most a file may have that a request carries, and what the files of a script may have together that are kept in
// memory, in bytes.
const (
	maxUpload  = 16 << 20
	maxUploads = 64 << 20
)

// files are what requests carry, each read once as long as all have room. They may be asked for by many users at once.
type files struct {
	mu    sync.Mutex
	texts map[string]string
	total int
}

// read returns a file. root is the folder it may not lead out of; empty: none.
func (f *files) read(root, path string) (string, error) {
	f.mu.Lock()
	text, known := f.texts[path]
	f.mu.Unlock()
	if known {
		return text, nil
	}
	text, err := readUpload(root, path)
	if err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.texts[path]; !known && f.total+len(text) <= maxUploads {
		f.texts[path] = text
		f.total += len(text)
	}
	return text, nil
}

// readUpload reads a regular file of a bounded size.
func readUpload(root, path string) (string, error) {
	file, err := openUpload(root, path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a file", path)
	case info.Size() > maxUpload:
		return "", fmt.Errorf("%s has %d bytes: at most %d can be sent", path, info.Size(), maxUpload)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxUpload))
	return string(text), err
}

func openUpload(root, path string) (*os.File, error) {
	if root != "" {
		inside, err := filepath.Rel(root, path)
		if err != nil {
			return nil, err
		}
		return os.OpenInRoot(root, inside)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path) // to open a pipe would wait for who writes it
	}
	return os.Open(path)
}

func rooted(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// upload is a file whose name differs between users. A service may have a say in the name, by what is captured of its
// answers, so that it cannot lead out of the folder that the script itself names.
type upload struct {
	name  Template
	fixed string // what the script itself says of the path: up to its last slash before the first variable
	root  string // the folder that is
	files *files
}

func newUpload(folder string, name Template, f *files) *upload {
	fixed := name.Prefix()
	fixed = fixed[:strings.LastIndexByte(fixed, '/')+1]
	return &upload{name, fixed, rooted(folder, fixed), f}
}

// read returns the file for a user.
func (u *upload) read(vars *Vars) (path, text string, err error) {
	rest := strings.TrimPrefix(string(u.name.Append(nil, vars)), u.fixed)
	if !filepath.IsLocal(rest) {
		return "", "", fmt.Errorf("%q leads out of the folder %s", rest, u.root)
	}
	path = filepath.Join(u.root, rest)
	text, err = u.files.read(u.root, path)
	return path, text, err
}

// part returns the part of a body that the file is; nothing if it cannot be read, which Request.Ready says.
func (u *upload) part(vars *Vars, contentType string) string {
	path, text, err := u.read(vars)
	if err != nil {
		return "\r\n\r\n"
	}
	return fileHead(path, contentType) + text
}

// Ready reports whether the request can be sent as it is meant: that the files it carries are there. The key is what a
// user who cannot send it is counted under, and the error says why.
func (r *Request) Ready(vars *Vars) (key string, err error) {
	for _, u := range r.uploads {
		if _, _, err := u.read(vars); errors.Is(err, fs.ErrNotExist) {
			return "ENOENT", err
		} else if err != nil {
			return "ERR_UPLOAD", err
		}
	}
	return "", nil
}
