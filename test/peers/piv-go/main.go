// Judges the YubiKey pairs of a folder with piv-go and prints, as JSON, how many and the processor time that they took:
// microseconds, reading files left out, parsing PEM and certificates included.
package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"syscall"

	"github.com/go-piv/piv-go/v2/piv"
)

func main() {
	folder := os.Args[1]
	root, err := os.ReadFile(filepath.Join(folder, "root.pem"))
	check(err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(root) {
		check(fmt.Errorf("root.pem holds no certificate"))
	}
	verifier := piv.Verifier{Roots: roots}
	judge(&verifier, read(filepath.Join(folder, "warm-up")))
	pairs := read(filepath.Join(folder, "pairs"))
	start := processorTime()
	judge(&verifier, pairs)
	check(json.NewEncoder(os.Stdout).Encode(map[string]int64{
		"pairs":        int64(len(pairs)),
		"microseconds": processorTime() - start,
	}))
}

func read(folder string) [][]byte {
	names, err := filepath.Glob(filepath.Join(folder, "*.pem"))
	check(err)
	sort.Strings(names)
	files := make([][]byte, len(names))
	for i, name := range names {
		files[i], err = os.ReadFile(name)
		check(err)
	}
	return files
}

func judge(verifier *piv.Verifier, pairs [][]byte) {
	for _, pair := range pairs {
		leaf, rest := pem.Decode(pair)
		signer, _ := pem.Decode(rest)
		slotCertificate, err := x509.ParseCertificate(leaf.Bytes)
		check(err)
		attestationCertificate, err := x509.ParseCertificate(signer.Bytes)
		check(err)
		_, err = verifier.Verify(attestationCertificate, slotCertificate)
		check(err)
	}
}

func processorTime() int64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano()/1000 + usage.Stime.Nano()/1000
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
