package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// curl is as much of curl(1) as the documents' examples use, for machines that have none: -i shows the status and the
// header, -X, -H and -d make the request, and -d @FILE sends what is in a file.
func curl() {
	method, body, include := "", "", false
	header := http.Header{}
	var url string
	for args := os.Args[1:]; len(args) > 0; args = args[1:] {
		value := func() string { args = args[1:]; return args[0] }
		switch args[0] {
		case "-i":
			include = true
		case "-X":
			method = value()
		case "-H":
			name, text, _ := strings.Cut(value(), ": ")
			header.Add(name, text)
		case "-d":
			body = value()
			if name, isFile := strings.CutPrefix(body, "@"); isFile {
				text, err := os.ReadFile(name)
				exitIf(err)
				body = string(text)
			}
		default:
			url = args[0]
		}
	}
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	exitIf(err)
	req.Header = header
	res, err := http.DefaultClient.Do(req)
	exitIf(err)
	defer res.Body.Close()
	if include {
		fmt.Printf("%s %s\n", res.Proto, res.Status)
		_ = res.Header.Write(os.Stdout)
		fmt.Println()
	}
	_, err = io.Copy(os.Stdout, res.Body)
	exitIf(err)
}

func exitIf(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "curl:", err)
		os.Exit(7)
	}
}
