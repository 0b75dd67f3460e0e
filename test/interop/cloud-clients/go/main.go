// Go module cloud.google.com/go/kms over REST: a life of three keys in Cloud KMS. Arguments: endpoint, credentials file, folder.
// Leaves for each key its attestation, the chains and the public key as the client returned them: NAME.attestation, .chains, .key.
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"log"
	"os"
	"path/filepath"
	"strings"

	kms "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type key struct {
	algorithm kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm
	hash      crypto.Hash
}

var keys = []key{
	{kmspb.CryptoKeyVersion_EC_SIGN_P256_SHA256, crypto.SHA256},
	{kmspb.CryptoKeyVersion_EC_SIGN_P384_SHA384, crypto.SHA384},
	{kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_3072_SHA256, crypto.SHA256},
}

func crc32c(octets []byte) int64 {
	return int64(crc32.Checksum(octets, crc32.MakeTable(crc32.Castagnoli)))
}

func must(holds bool, claim string) {
	if !holds {
		log.Fatal("not so: ", claim)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// By HTTP's status: the client calls 409 codes.Aborted, whatever name the service gives to it.
func refused(err error, status int) {
	var failure *googleapi.Error
	must(errors.As(err, &failure) && failure.Code == status, fmt.Sprint("refused with ", status, ", but: ", err))
}

func digestOf(hash crypto.Hash, digest []byte) *kmspb.Digest {
	switch hash {
	case crypto.SHA256:
		return &kmspb.Digest{Digest: &kmspb.Digest_Sha256{Sha256: digest}}
	case crypto.SHA384:
		return &kmspb.Digest{Digest: &kmspb.Digest_Sha384{Sha384: digest}}
	default:
		return &kmspb.Digest{Digest: &kmspb.Digest_Sha512{Sha512: digest}}
	}
}

func main() {
	ctx := context.Background()
	endpoint, credentials, folder := os.Args[1], os.Args[2], os.Args[3]
	client, err := kms.NewKeyManagementRESTClient(ctx, option.WithEndpoint(endpoint), option.WithAuthCredentialsFile(option.ServiceAccount, credentials))
	check(err)
	defer client.Close()

	location := "projects/hsm-enroll-sandbox/locations/europe-west4"
	ring, err := client.CreateKeyRing(ctx, &kmspb.CreateKeyRingRequest{Parent: location, KeyRingId: "go", KeyRing: &kmspb.KeyRing{}})
	check(err)
	rings := client.ListKeyRings(ctx, &kmspb.ListKeyRingsRequest{Parent: location})
	listed := false
	for {
		each, err := rings.Next()
		if err == iterator.Done {
			break
		}
		check(err)
		listed = listed || each.Name == ring.Name
	}
	must(listed, "the new key ring is listed")

	for _, wanted := range keys {
		live(ctx, client, ring.Name, wanted, filepath.Join(folder, wanted.algorithm.String()))
	}

	// One key a page.
	count := 0
	pages := client.ListCryptoKeys(ctx, &kmspb.ListCryptoKeysRequest{Parent: ring.Name, PageSize: 1})
	for {
		if _, err := pages.Next(); err == iterator.Done {
			break
		} else {
			check(err)
		}
		count++
	}
	must(count == len(keys), "every key is listed")
	_, err = client.GetCryptoKey(ctx, &kmspb.GetCryptoKeyRequest{Name: ring.Name + "/cryptoKeys/none"})
	refused(err, 404)
}

func live(ctx context.Context, client *kms.KeyManagementClient, ring string, wanted key, path string) {
	create := &kmspb.CreateCryptoKeyRequest{
		Parent:      ring,
		CryptoKeyId: strings.ToLower(wanted.algorithm.String()),
		CryptoKey: &kmspb.CryptoKey{
			Purpose:         kmspb.CryptoKey_ASYMMETRIC_SIGN,
			VersionTemplate: &kmspb.CryptoKeyVersionTemplate{Algorithm: wanted.algorithm, ProtectionLevel: kmspb.ProtectionLevel_HSM},
		},
	}
	made, err := client.CreateCryptoKey(ctx, create)
	check(err)
	must(made.Purpose == kmspb.CryptoKey_ASYMMETRIC_SIGN, "the purpose is kept")
	version := &kmspb.CryptoKeyVersion{State: kmspb.CryptoKeyVersion_PENDING_GENERATION}
	for version.State == kmspb.CryptoKeyVersion_PENDING_GENERATION {
		version, err = client.GetCryptoKeyVersion(ctx, &kmspb.GetCryptoKeyVersionRequest{Name: made.Name + "/cryptoKeyVersions/1"})
		check(err)
	}
	must(version.State == kmspb.CryptoKeyVersion_ENABLED, "the version is enabled")
	must(version.Attestation.Format == kmspb.KeyOperationAttestation_CAVIUM_V2_COMPRESSED, "the statement is V2")

	public, err := client.GetPublicKey(ctx, &kmspb.GetPublicKeyRequest{Name: version.Name})
	check(err)
	must(public.PemCrc32C.Value == crc32c([]byte(public.Pem)), "the checksum of the PEM")
	block, _ := pem.Decode([]byte(public.Pem))
	der, err := client.GetPublicKey(ctx, &kmspb.GetPublicKeyRequest{Name: version.Name, PublicKeyFormat: kmspb.PublicKey_DER})
	check(err)
	must(bytes.Equal(der.PublicKey.Data, block.Bytes), "DER and PEM are one key")

	data := []byte("a document")
	hasher := wanted.hash.New()
	hasher.Write(data)
	digest := hasher.Sum(nil)
	signed, err := client.AsymmetricSign(ctx, &kmspb.AsymmetricSignRequest{
		Name: version.Name, Digest: digestOf(wanted.hash, digest), DigestCrc32C: wrapperspb.Int64(crc32c(digest)),
	})
	check(err)
	must(signed.VerifiedDigestCrc32C && signed.SignatureCrc32C.Value == crc32c(signed.Signature), "the checksums of the signature")
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	check(err)
	switch public := parsed.(type) {
	case *ecdsa.PublicKey:
		must(ecdsa.VerifyASN1(public, digest, signed.Signature), "the signature verifies")
	case *rsa.PublicKey:
		check(rsa.VerifyPKCS1v15(public, wanted.hash, digest, signed.Signature))
	}
	other := sha512.Sum512(data)
	_, err = client.AsymmetricSign(ctx, &kmspb.AsymmetricSignRequest{Name: version.Name, Digest: digestOf(crypto.SHA512, other[:])})
	refused(err, 400)
	_, err = client.CreateCryptoKey(ctx, create)
	refused(err, 409)

	labelled, err := client.UpdateCryptoKey(ctx, &kmspb.UpdateCryptoKeyRequest{
		CryptoKey:  &kmspb.CryptoKey{Name: made.Name, Labels: map[string]string{"run": "go"}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"labels"}},
	})
	check(err)
	must(labelled.Labels["run"] == "go", "the label is kept")

	full, err := client.ListCryptoKeyVersions(ctx, &kmspb.ListCryptoKeyVersionsRequest{Parent: made.Name, View: kmspb.CryptoKeyVersion_FULL}).Next()
	check(err)
	basic, err := client.ListCryptoKeyVersions(ctx, &kmspb.ListCryptoKeyVersionsRequest{Parent: made.Name}).Next()
	check(err)
	must(bytes.Equal(full.Attestation.Content, version.Attestation.Content) && basic.Attestation == nil, "the view decides on the attestation")

	chains := version.Attestation.CertChains
	certificates := append(append(append([]string{}, chains.CaviumCerts...), chains.GoogleCardCerts...), chains.GooglePartitionCerts...)
	check(os.WriteFile(path+".attestation", version.Attestation.Content, 0o600))
	check(os.WriteFile(path+".chains", []byte(strings.Join(certificates, "")), 0o600))
	check(os.WriteFile(path+".key", []byte(public.Pem), 0o600))

	destroyed, err := client.DestroyCryptoKeyVersion(ctx, &kmspb.DestroyCryptoKeyVersionRequest{Name: version.Name})
	check(err)
	must(destroyed.State == kmspb.CryptoKeyVersion_DESTROY_SCHEDULED && destroyed.DestroyTime != nil, "its destruction is scheduled")
}
