package attack

import (
	"errors"
	"strings"
)

// Keys of what only HTTP/2 has: those of Node where it has one. NGHTTP2_REFUSED_STREAM and its like are Node's names of
// the codes a stream is reset with.
const (
	errStreamProtocol = protocolError("ERR_INVALID_PROTOCOL")     // a redirect or variable from https to http, or back
	errGoAway         = protocolError("ERR_HTTP2_GOAWAY_SESSION") // sent from one closing connection to the next
	errSession        = protocolError("ERR_HTTP2_SESSION_ERROR")  // one side broke HTTP/2's rules, or says the other did
	errStreams        = protocolError("ERR_HTTP2_ERROR")          // whatever else net/http's HTTP/2 says
	errHeaderText     = protocolError("ERR_INVALID_CHAR")         // a header net/http will not send
	errLongAnswer     = protocolError("NGHTTP2_PROTOCOL_ERROR")   // more body than Content-Length says
	errNoStatus       = protocolError("NGHTTP2_PROTOCOL_ERROR")   // not of three digits
	errUnknownCode    = protocolError("NGHTTP2_UNKNOWN_ERROR")    // a stream reset with a code nobody has defined
)

// streamCodes are the names of HTTP/2's error codes (RFC 9113, section 7), as Node's constants have them.
func streamCodes() []protocolError {
	return []protocolError{
		"NGHTTP2_NO_ERROR", "NGHTTP2_PROTOCOL_ERROR", "NGHTTP2_INTERNAL_ERROR", "NGHTTP2_FLOW_CONTROL_ERROR",
		"NGHTTP2_SETTINGS_TIMEOUT", "NGHTTP2_STREAM_CLOSED", "NGHTTP2_FRAME_SIZE_ERROR", "NGHTTP2_REFUSED_STREAM",
		"NGHTTP2_CANCEL", "NGHTTP2_COMPRESSION_ERROR", "NGHTTP2_CONNECT_ERROR", "NGHTTP2_ENHANCE_YOUR_CALM",
		"NGHTTP2_INADEQUATE_SECURITY", "NGHTTP2_HTTP_1_1_REQUIRED",
	}
}

// streamReset is what net/http's error for a reset stream can be taken apart into: names and types of the fields
// are how it finds out.
type streamReset struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamReset) Error() string { return "stream reset" }

// Texts of net/http's HTTP/2 errors that have no type to be told by. TestStreamErrorsHaveStableKeys keeps them.
const (
	textGoAway     = "http2: Transport received Server's graceful shutdown GOAWAY"
	textUnusable   = "http2: client conn not usable"
	textUnused     = "http2: client conn could not be established"
	textForced     = "http2: client connection force closed"
	textLeft       = "http2: server sent GOAWAY and closed the connection"
	textDone       = "ErrCode=NO_ERROR"
	textRefused    = "http2: Transport received GOAWAY from server"
	textConnection = "connection error: "
	textFrameSize  = "http2: frame too large"
	textHeadSize   = "http2: response header list larger than advertised limit"
	textTooLong    = "net/http: server replied with more than declared Content-Length"
)

// unprocessed reports whether a request may be sent again whatever it is, because the service has not looked at it:
// it said so with a GOAWAY (RFC 9113, section 6.8), or the request never left, as the connection was closing.
func unprocessed(err error) bool {
	return err != nil && (err.Error() == textGoAway || neverLeft(err))
}

// neverLeft reports whether a request stayed here because its connection was closing.
func neverLeft(err error) bool { return err.Error() == textUnusable }

// streamError gives an error of net/http's HTTP/2 its stable key. Those that HTTP/1.1 has, too, stay as they are.
func streamError(err error) error {
	if err == nil {
		return nil
	}
	var reset streamReset
	if errors.As(err, &reset) {
		return reset.key()
	}
	if slow, ok := err.(interface{ Timeout() bool }); ok && slow.Timeout() {
		return protocolError(keyTimeout)
	}
	text := err.Error()
	has := func(prefix string) bool { return strings.HasPrefix(text, prefix) }
	switch {
	case unprocessed(err):
		return errGoAway
	case has(textUnused), has(textForced), has(textLeft) && strings.Contains(text, textDone):
		return protocolError(keyReset)
	case has(textLeft), has(textRefused), has(textConnection), has(textFrameSize):
		return errSession
	case has(textTooLong):
		return errLongAnswer
	case has("net/http: invalid header"), has("http: invalid header"):
		return errHeaderText
	case has("http2: "):
		return errStreams
	}
	return err
}

// key names why a stream was reset, by the service or by net/http.
func (r streamReset) key() error {
	codes := streamCodes()
	switch {
	case r.Cause != nil && r.Cause.Error() == textHeadSize:
		return errOverflow
	case int(r.Code) < len(codes):
		return codes[r.Code]
	}
	return errUnknownCode
}
