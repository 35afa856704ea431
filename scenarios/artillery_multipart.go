package scenarios

import (
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"path/filepath"
	"strings"
)

// multipart compiles a body of multipart/form-data (RFC 7578), and its boundary.
func (a *artillery) multipart(f field, s *scope) (body Template, boundary string) {
	if f.value.kind != mapping {
		a.errorf(f.value.pos, "%s must be a map, not %s", f.key, f.value)
		return Template{}, ""
	}
	place := sha256.Sum256([]byte(f.pos.String()))
	boundary = "----imgsvc-" + hex.EncodeToString(place[:12])
	var parts []Template
	for _, entry := range f.value.fields {
		parts = append(parts, Literal("--"+boundary+"\r\n"))
		parts = append(parts, a.part(entry, s)...)
		parts = append(parts, Literal("\r\n"))
	}
	return concat(append(parts, Literal("--"+boundary+"--\r\n"))...), boundary
}

// part compiles one entry: a value, or {value, contentType}, or {fromFile}.
func (a *artillery) part(f field, s *scope) []Template {
	value, contentType, file := f.value, "", field{}
	if f.value.kind == mapping {
		value = nil
		a.fields(f.value, "an entry of formData", keys{
			"value":       func(f field) { value = f.value },
			"contentType": func(f field) { contentType, _ = a.text(f) },
			"fromFile":    func(f field) { file = f },
		})
	}
	name := a.templateOf(quotable(f.key), f.pos, s)
	head := []Template{Literal(`Content-Disposition: form-data; name="`), name, Literal(`"`)}
	switch {
	case file.value != nil && value != nil:
		a.errorf(file.pos, "fromFile and value stand in one entry: keep one of them")
	case file.value != nil:
		return a.filePart(head, file, contentType, s)
	case value == nil:
		a.errorf(f.value.pos, "%s has neither value nor fromFile", f.key)
	case value.kind == list:
		a.errorf(value.pos, "%s: formData cannot hold a list", f.key)
	}
	if value == nil || value.kind == list {
		return nil
	}
	content := a.computed(value, s)
	text := made(content.source(), func(vars *Vars) string { return content.value(vars).String() })
	if content.constant() {
		text = Literal(content.value(nil).String())
	}
	return append(head, Literal(typeLine(contentType)+"\r\n\r\n"), text)
}

// filePart compiles an entry that is a file. One whose name is the same for all users is read now.
func (a *artillery) filePart(head []Template, file field, contentType string, s *scope) []Template {
	if file.value.kind != scalar {
		a.errorf(file.value.pos, "fromFile must be the name of a file, not %s", file.value)
		return nil
	}
	name := a.template(file.value, s)
	path, constant := name.Text()
	if !constant {
		u := newUpload(a.folder(), name, a.files())
		s.uploads = append(s.uploads, u)
		return append(head, made("file "+name.String(), func(vars *Vars) string { return u.part(vars, contentType) }))
	}
	text, err := a.files().read("", rooted(a.folder(), path))
	if err != nil {
		a.errorf(file.value.pos, "fromFile: %v", err)
		return nil
	}
	return append(head, Literal(fileHead(path, contentType)), Literal(text))
}

// fileHead returns the rest of the head of a part that is a file.
func fileHead(path, contentType string) string {
	name := filepath.Base(path)
	if contentType == "" {
		contentType, _, _ = strings.Cut(mime.TypeByExtension(filepath.Ext(name)), ";")
	}
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	return `; filename="` + quotable(name) + `"` + typeLine(contentType) + "\r\n\r\n"
}

// folder is where the script's own files are.
func (a *artillery) folder() string {
	if a.file == "-" {
		return "."
	}
	return filepath.Dir(a.file)
}

func (a *artillery) files() *files {
	if a.uploads == nil {
		a.uploads = &files{texts: map[string]string{}}
	}
	return a.uploads
}

func typeLine(contentType string) string {
	if contentType == "" {
		return ""
	}
	return "\r\nContent-Type: " + strings.NewReplacer("\r", " ", "\n", " ").Replace(contentType)
}

// quotable escapes what may not stand between quotes in a part's head, as browsers do.
func quotable(name string) string {
	return strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22").Replace(name)
}
