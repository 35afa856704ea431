package reports

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"html/template"
	"io"
)

// What is around the report in a page.
const (
	pageBegin   = "<!doctype html>"
	sourceBegin = `<script type="application/gzip" data-source="`
	sourceEnd   = "</script>"
)

// packed returns the whole document as a page holds it: a page that was kept is a report that was kept.
func packed(r *Report) (template.HTML, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if err := r.writeJSON(w); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return template.HTML(base64.StdEncoding.EncodeToString(out.Bytes())), nil // nothing that needs escaping
}

// unwrapped returns the report in a page, or text itself if it is no page; else the reason why there is none.
func unwrapped(text []byte) (report []byte, reason string) {
	if !bytes.HasPrefix(text, []byte(pageBegin)) {
		return text, ""
	}
	_, rest, found := bytes.Cut(text, []byte(sourceBegin))
	if !found {
		return nil, "a page without a report in it"
	}
	if bytes.Contains(rest, []byte(sourceBegin)) {
		return nil, "a page of several runs: save the one you want as JSON, with the button at its end"
	}
	source, _, whole := bytes.Cut(rest, []byte(sourceEnd))
	_, encoded, found := bytes.Cut(source, []byte(`">`))
	if !whole || !found {
		return nil, "a page cut short: copy it again"
	}
	unpacked, err := unpack(encoded)
	if err != nil {
		return nil, "a damaged page: " + err.Error()
	}
	return unpacked, ""
}

func unpack(encoded []byte) ([]byte, error) {
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(encoded)))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, maxReportSize))
}
