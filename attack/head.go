package attack

import "bytes"

// head is what the attack needs of a response head. Its slices are valid until the next read.
type head struct {
	status   int
	length   int64 // of the body; -1: until the connection closes
	chunked  bool
	old      bool // HTTP/1.0
	keep     bool // the service says that it keeps the connection
	close    bool // no further request may be sent on this connection
	cookies  bool // some are to be set
	encoded  bool // the body is
	location []byte
}

// protocolError is an answer that is not HTTP; its text is the error's stable key, in the names Node gives them.
type protocolError string

func (e protocolError) Error() string { return string(e) }

const (
	errStatusLine = protocolError("HPE_INVALID_CONSTANT")
	errVersion    = protocolError("HPE_INVALID_VERSION")
	errStatus     = protocolError("HPE_INVALID_STATUS")
	errHeader     = protocolError("HPE_INVALID_HEADER_TOKEN")
	errOverflow   = protocolError("HPE_HEADER_OVERFLOW")
	errLength     = protocolError("HPE_INVALID_CONTENT_LENGTH")
	errLengths    = protocolError("HPE_UNEXPECTED_CONTENT_LENGTH") // a second one that differs
	errEncoding   = protocolError("HPE_INVALID_TRANSFER_ENCODING")
	errChunk      = protocolError("HPE_INVALID_CHUNK_SIZE")
	errChunkEnd   = protocolError("HPE_STRICT")      // no CRLF where a chunk ends
	errLineEnd    = protocolError("HPE_CR_EXPECTED") // a bare LF in a chunked body
	errExtensions = protocolError("HPE_CHUNK_EXTENSIONS_OVERFLOW")
)

// parseHead reads a status line and the headers that decide how long the body is and what comes after it.
func parseHead(text []byte) (head, error) {
	line, rest := cutLine(text)
	h, err := parseStatus(line)
	if err != nil {
		return h, err
	}
	h.length = -1
	foldable := false // a folded line may only continue a header that is of no interest here
	for {
		line, rest = cutLine(rest)
		if len(line) == 0 {
			h.close = h.close || h.old && (h.chunked || !h.keep)
			return h, nil
		}
		name, value, ok := parseHeader(line, foldable)
		if !ok {
			return h, errHeader
		}
		if name == nil {
			continue
		}
		matters, err := h.header(name, value)
		if err != nil {
			return h, err
		}
		foldable = !matters
	}
}

// parseStatus reads `HTTP/1.x NNN reason`.
func parseStatus(line []byte) (head, error) {
	if !bytes.HasPrefix(line, []byte("HTTP/")) {
		return head{}, errStatusLine
	}
	if len(line) < 9 || string(line[5:7]) != "1." || line[7] != '0' && line[7] != '1' || line[8] != ' ' {
		return head{}, errVersion
	}
	h := head{old: line[7] == '0'}
	code := line[9:]
	if len(code) < 3 || len(code) > 3 && code[3] != ' ' {
		return head{}, errStatus
	}
	for _, digit := range code[:3] {
		if digit < '0' || digit > '9' {
			return head{}, errStatus
		}
		h.status = h.status*10 + int(digit-'0')
	}
	if h.status < 100 {
		return head{}, errStatus
	}
	return h, nil
}

// parseHeader takes a header's line apart. A line that continues the one before it, where one may, has no name.
func parseHeader(line []byte, foldable bool) (name, value []byte, ok bool) {
	if line[0] == ' ' || line[0] == '\t' {
		return nil, nil, foldable && isText(line)
	}
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || !isToken(line[:colon]) || !isText(line[colon+1:]) {
		return nil, nil, false
	}
	return line[:colon], bytes.Trim(line[colon+1:], " \t"), true
}

// header takes one header if it is one of those that matter, and says whether it was.
func (h *head) header(name, value []byte) (matters bool, err error) {
	switch {
	case equalFold(name, "content-length"):
		return true, h.contentLength(value)
	case equalFold(name, "transfer-encoding"):
		if h.chunked || !equalFold(value, "chunked") {
			return true, errEncoding
		}
		h.chunked = true
	case equalFold(name, "connection"):
		h.connection(value)
	case equalFold(name, "location"):
		if h.location == nil {
			h.location = value
		}
	case equalFold(name, "set-cookie"):
		h.cookies = true
		return false, nil
	case equalFold(name, "content-encoding"):
		h.encoded = true
		return false, nil
	default:
		return false, nil
	}
	return true, nil
}

func (h *head) contentLength(value []byte) error {
	var n int64
	for _, digit := range value {
		if digit < '0' || digit > '9' || n > (1<<63-1-int64(digit-'0'))/10 {
			return errLength
		}
		n = n*10 + int64(digit-'0')
	}
	switch {
	case len(value) == 0:
		return errLength
	case h.length >= 0 && h.length != n:
		return errLengths
	}
	h.length = n
	return nil
}

// connection reads the tokens that say whether the connection stays open; close wins.
func (h *head) connection(value []byte) {
	for token := range bytes.SplitSeq(value, []byte(",")) {
		switch token = bytes.Trim(token, " \t"); {
		case equalFold(token, "close"):
			h.close = true
		case equalFold(token, "keep-alive"):
			h.keep = true
		}
	}
}

// framed settles how long the body is (RFC 9112, section 6.3).
func (h head) framed(method string) head {
	switch {
	case h.status == 101:
		h.length, h.chunked, h.close = 0, false, true
	case method == "HEAD" || h.status == 204 || h.status == 304:
		h.length, h.chunked = 0, false
	case h.chunked:
		h.length = -1
	case h.length < 0:
		h.close = true
	}
	return h
}

// cutLine splits text behind its first LF and returns the line without its end.
func cutLine(text []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(text, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// equalFold reports whether text is lower, an ASCII text in lower case, whatever the case of its letters.
func equalFold(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i, b := range text {
		if b >= 'A' && b <= 'Z' {
			b |= 0x20
		}
		if b != lower[i] {
			return false
		}
	}
	return true
}

// isToken reports whether name may be the name of a header (RFC 9110, section 5.6.2).
func isToken(name []byte) bool {
	for _, b := range name {
		switch {
		case b|0x20 >= 'a' && b|0x20 <= 'z', b >= '0' && b <= '9', b == '-':
		case b <= ' ' || b >= 0x7f || bytes.IndexByte([]byte(`"(),/:;<=>?@[\]{}`), b) >= 0:
			return false
		}
	}
	return true
}

// isText reports whether a header's value may be one: it has no control characters but the tab (RFC 9110, section 5.5).
func isText(value []byte) bool {
	for _, b := range value {
		if b < ' ' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}

// headerValues returns the values of a response head's lines with a name, which is given in lower case.
func headerValues(head []byte, name string) (values []string) {
	for line := range bytes.Lines(head) {
		if field, value, ok := bytes.Cut(line, []byte(":")); ok && equalFold(field, name) {
			values = append(values, string(bytes.Trim(value, " \t\r\n")))
		}
	}
	return values
}
