package attack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Keys of errors that are not an errno. Where Node or Artillery have a name for it, it is theirs, so that counts
// can be compared.
const (
	keyInterrupted = "INTERRUPTED" // cut off by the second Ctrl-C
	keyTimeout     = "ETIMEDOUT"   // not complete within the timeout
	keyReset       = "ECONNRESET"  // closed or reset by the other side before the answer was complete
	keyNotFound    = "ENOTFOUND"   // the host name does not exist
	keyTryAgain    = "EAI_AGAIN"   // the host name could not be looked up now
	keyTLS         = "EPROTO"      // the TLS handshake failed
	keyInvalidURL  = "ERR_INVALID_URL"
	keyCookie      = "cookie_parse_error_invalid_cookie" // the script's own
	keyRedirects   = "ERR_TOO_MANY_REDIRECTS"
	keyIdle        = "ERR_NOTHING_TO_SEND" // a closed loop over a scenario that neither sends nor waits
	keyUnknown     = "ERR_UNKNOWN"
)

// errorKey returns the stable key of what went wrong with a request. There are few keys, and none holds an
// address or a port, so errors can be counted by them.
func errorKey(ctx context.Context, err error) string {
	var protocol protocolError
	var errno syscall.Errno
	switch {
	case ctx.Err() != nil:
		return keyInterrupted
	case errors.As(err, &protocol):
		return string(protocol)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return keyTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return keyReset
	case errors.As(err, &errno):
		if name := unix.ErrnoName(errno); name != "" {
			return name
		}
	}
	if key := lookupKey(err); key != "" {
		return key
	}
	return tlsKey(err)
}

// lookupKey names a failed look-up of a host name; it is empty for any other error.
func lookupKey(err error) string {
	var lookup *net.DNSError
	switch {
	case !errors.As(err, &lookup):
		return ""
	case strings.Contains(lookup.Err, syscall.EMFILE.Error()): // which the resolver keeps as a text alone
		return "EMFILE"
	case lookup.IsTimeout:
		return keyTimeout
	case lookup.IsNotFound:
		return keyNotFound
	}
	return keyTryAgain
}

// tlsKey names a failed handshake; it is keyUnknown for any error that is none.
func tlsKey(err error) string {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		alert     tls.AlertError
		verify    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &authority):
		if authority.Cert != nil && authority.Cert.Subject.String() == authority.Cert.Issuer.String() {
			return "DEPTH_ZERO_SELF_SIGNED_CERT"
		}
		return "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
	case errors.As(err, &host):
		return "ERR_TLS_CERT_ALTNAME_INVALID"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore) {
			return "CERT_NOT_YET_VALID"
		}
		return "CERT_HAS_EXPIRED"
	case errors.As(err, &record), errors.As(err, &alert), errors.As(err, &verify), alerted(err), refusedHere(err):
		return keyTLS
	}
	return keyUnknown
}

// refusedHere reports whether an error is that our side of a TLS connection understood the other no longer.
func refusedHere(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "local error" || strings.HasPrefix(err.Error(), "tls: ")
}

// alerted reports whether an error is an alert that the other side of a TLS connection sent. Its type is crypto/tls's own.
func alerted(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}
