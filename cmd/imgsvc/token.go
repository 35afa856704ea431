package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxToken is the longest write token, in bytes: well below what a header may have.
const maxToken = 1024

// readToken makes of the flags the write token of the service, which no error shows. shown says that it stood on the
// command line.
func (f *serveFlags) readToken(stderr io.Writer, shown bool) error {
	if shown {
		fmt.Fprintln(stderr, "imgsvc: --write-token can be read in the list of processes:\n"+
			"put it into IMGSVC_WRITE_TOKEN, or use --write-token-file")
	}
	if f.writeTokenFile == "" {
		if shown && f.writeToken == "" {
			return errors.New("--write-token is empty\nleave it out, or give it a token")
		}
		return checkToken(f.writeToken, "the write token")
	}
	if f.writeToken != "" {
		return errors.New("--write-token-file and another write token: want one of them\nleave out --write-token or IMGSVC_WRITE_TOKEN")
	}
	text, err := readSmall(f.writeTokenFile)
	if err != nil {
		return fmt.Errorf("--write-token-file: %w\nname a file that holds the token alone", err)
	}
	if f.writeToken = strings.TrimSpace(text); f.writeToken == "" {
		return fmt.Errorf("--write-token-file %s is empty\nwrite the token into it", f.writeTokenFile)
	}
	return checkToken(f.writeToken, "the token in "+f.writeTokenFile)
}

// readSmall returns the beginning of a file, one byte more than a token may have.
func readSmall(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxToken+2))
	return string(text), err
}

// checkToken refuses a token that no header could carry.
func checkToken(token, what string) error {
	if len(token) > maxToken {
		return fmt.Errorf("%s is too long: want %d bytes at most", what, maxToken)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("%s has characters that no header can carry: want letters, digits and signs of ASCII, without spaces", what)
	}
	return nil
}
