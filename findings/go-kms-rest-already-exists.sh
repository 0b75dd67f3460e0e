#!/usr/bin/env bash
# cloud.google.com/go/kms v1.37.0 with github.com/googleapis/gax-go/v2 (Go), over REST
#
# An answer that says ALREADY_EXISTS (HTTP 409) comes out with the gRPC code Aborted: the code is made of the HTTP status,
# and 409 is the status of both. FAILED_PRECONDITION (HTTP 400) comes out as InvalidArgument. What Google's answer named
# is only in the text.
#
# Seen 2026-11-29: ALREADY_EXISTS Aborted · FAILED_PRECONDITION InvalidArgument
#
# Why it matters here: Aborted is the code of what may be repeated, and ALREADY_EXISTS of what must not be: a script that
# creates a key version repeats where it should look.
set -euo pipefail
command -v go >/dev/null || { echo "needs Go 1.25 or later"; exit 3; }
dir=$(mktemp -d); trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT; cd "$dir"
cat > main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	kms "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/option"
)

func main() {
	for _, answer := range []struct {
		code   int
		status string
	}{{409, "ALREADY_EXISTS"}, {400, "FAILED_PRECONDITION"}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("content-type", "application/json")
			w.WriteHeader(answer.code)
			fmt.Fprintf(w, `{"error":{"code":%d,"message":"m","status":%q}}`, answer.code, answer.status)
		}))
		client, err := kms.NewKeyManagementRESTClient(context.Background(), option.WithEndpoint(server.URL), option.WithoutAuthentication())
		if err != nil {
			panic(err)
		}
		_, err = client.CreateKeyRing(context.Background(), &kmspb.CreateKeyRingRequest{Parent: "projects/p/locations/l", KeyRingId: "r", KeyRing: &kmspb.KeyRing{}})
		var api *apierror.APIError
		if !errors.As(err, &api) {
			panic(err)
		}
		fmt.Println(answer.status, api.GRPCStatus().Code())
	}
}
GO
export GOFLAGS=-mod=mod GOTOOLCHAIN=local
go mod init finding >/dev/null 2>&1; go get cloud.google.com/go/kms@v1.37.0 >/dev/null 2>&1; go mod tidy >/dev/null 2>&1
timeout 300 go run . > seen; cat seen
printf 'ALREADY_EXISTS Aborted\nFAILED_PRECONDITION InvalidArgument\n' | cmp -s - seen || { echo changed; exit 1; }
