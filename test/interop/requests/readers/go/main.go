// Reads each request that is named, as a CA that is written in Go would.
package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

func main() {
	for _, file := range os.Args[1:] {
		if err := read(file); err != nil {
			fmt.Printf("refused\t%s\t%v\n", file, err)
		} else {
			fmt.Printf("ok\t%s\n", file)
		}
	}
}

func read(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return errors.New("not PEM")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return err
	}
	return request.CheckSignature()
}
