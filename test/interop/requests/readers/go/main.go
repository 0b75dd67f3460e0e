// Reads each request that is named, as a CA that is written in Go would.
package main

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	if err := request.CheckSignature(); err != nil {
		return err
	}
	if !strings.HasSuffix(file, "-attestation.pem") {
		return nil
	}
	sent, err := os.ReadFile(strings.TrimSuffix(file, ".pem") + ".package")
	if err != nil {
		return err
	}
	if strings.HasPrefix(filepath.Base(file), "yubikey-") {
		if err := readYubicoExtensions(request, sent); err != nil {
			return err
		}
	}
	return readAttestation(request.RawTBSCertificateRequest, sent)
}

// readYubicoExtensions: the certificates' DER as values, as in the package; the attestation signed by slot F9 and of the request's key.
func readYubicoExtensions(request *x509.CertificateRequest, sent []byte) error {
	var read []*x509.Certificate
	for _, last := range []int{1, 2} {
		oid := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, last}
		for _, extension := range request.Extensions {
			if !extension.Id.Equal(oid) {
				continue
			}
			certificate, err := x509.ParseCertificate(extension.Value)
			if err != nil {
				return fmt.Errorf("%v: %w", oid, err)
			}
			read = append(read, certificate)
		}
	}
	if len(read) != 2 {
		return fmt.Errorf("%d of Yubico's two extensions", len(read))
	}
	leaf, f9 := read[0], read[1]
	if err := f9.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature); err != nil {
		return fmt.Errorf("the attestation in Yubico's extensions: %w", err)
	}
	if !bytes.Equal(leaf.RawSubjectPublicKeyInfo, request.RawSubjectPublicKeyInfo) {
		return errors.New("the attestation in Yubico's extensions is of another key")
	}
	for _, certificate := range read {
		block, rest := pem.Decode(sent)
		if block == nil || !bytes.Equal(block.Bytes, certificate.Raw) {
			return errors.New("the certificates in Yubico's extensions are not those of the package")
		}
		sent = rest
	}
	return nil
}

type requestInfo struct {
	Version    int
	Subject    asn1.RawValue
	PublicKey  asn1.RawValue
	Attributes []attribute `asn1:"tag:0,set"`
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

type bundle struct {
	Statements   []statement
	Certificates []asn1.RawValue `asn1:"optional"`
}

type statement struct {
	Type asn1.ObjectIdentifier
	Stmt asn1.RawValue
}

var idAttestation = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 59}

// readAttestation reads id-aa-attestation by the ASN.1 module of the draft, and compares the statement with what the device made.
func readAttestation(raw, sent []byte) error {
	var info requestInfo
	if rest, err := asn1.Unmarshal(raw, &info); err != nil || len(rest) > 0 {
		return fmt.Errorf("the request: %v, %d bytes behind it", err, len(rest))
	}
	for _, found := range info.Attributes {
		if !found.Type.Equal(idAttestation) {
			continue
		}
		if len(found.Values) != 1 {
			return fmt.Errorf("id-aa-attestation has %d values", len(found.Values))
		}
		var read bundle
		if rest, err := asn1.Unmarshal(found.Values[0].FullBytes, &read); err != nil || len(rest) > 0 {
			return fmt.Errorf("the bundle: %v, %d bytes behind it", err, len(rest))
		}
		if len(read.Statements) != 1 || read.Statements[0].Type.String() != "1.3.6.1.4.1.99999.7" {
			return errors.New("not the one statement of the type that was asked for")
		}
		return compare(read, sent)
	}
	return errors.New("no id-aa-attestation")
}

// compare: certificates are the statement and what is beside it, in their order; all else is in an OCTET STRING as it is.
func compare(read bundle, sent []byte) error {
	if read.Statements[0].Stmt.Tag == asn1.TagOctetString {
		if !bytes.Equal(read.Statements[0].Stmt.Bytes, sent) {
			return errors.New("the statement is not the package")
		}
		return nil
	}
	written := [][]byte{read.Statements[0].Stmt.FullBytes}
	for _, certificate := range read.Certificates {
		written = append(written, certificate.FullBytes)
	}
	for _, der := range written {
		block, rest := pem.Decode(sent)
		if block == nil || !bytes.Equal(block.Bytes, der) {
			return errors.New("a certificate is not the one in the package")
		}
		sent = rest
	}
	if len(bytes.TrimSpace(sent)) > 0 {
		return errors.New("a certificate of the package is missing")
	}
	return nil
}
