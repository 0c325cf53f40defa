#!/usr/bin/env bash
# A CertificateSigningRequest cannot be changed, and an update that changes it does not fail: the API server puts
# the old spec back before it validates, so the update succeeds and the old request stays.
#
# k8s.io/kubernetes 1.37.2, with the strategies that the API server updates objects by. Other immutable fields are
# refused, such as the provisioner of a StorageClass. Whoever renews a certificate by applying another request, or
# another signer, under the same name gets no error, and the certificate of the first request.
#
# Seen, for an update that changes spec.signerName and one that changes provisioner:
#   CertificateSigningRequest: errors 0, spec.signerName afterwards example.com/old
#   StorageClass: errors 1
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder" && rm -rf "$folder"' EXIT
cd "$folder"
minor=37 patch=2
cat >main.go <<'END'
package main

import (
	"context"
	"fmt"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	certs "k8s.io/kubernetes/pkg/apis/certificates"
	_ "k8s.io/kubernetes/pkg/apis/certificates/install"
	core "k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/apis/storage"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	"k8s.io/kubernetes/pkg/registry/certificates/certificates"
	"k8s.io/kubernetes/pkg/registry/storage/storageclass"
)

func update(strategy rest.RESTUpdateStrategy, group, resource string, updated, old runtime.Object) int {
	info := &request.RequestInfo{IsResourceRequest: true, APIGroup: group, APIVersion: "v1", Resource: resource, Name: "one"}
	ctx := request.WithRequestInfo(context.Background(), info)
	strategy.PrepareForUpdate(ctx, updated, old)
	return len(strategy.ValidateUpdate(ctx, updated, old))
}

func signing(signer string) *certs.CertificateSigningRequest {
	return &certs.CertificateSigningRequest{
		ObjectMeta: meta.ObjectMeta{Name: "one", ResourceVersion: "1"},
		Spec:       certs.CertificateSigningRequestSpec{SignerName: signer, Usages: []certs.KeyUsage{certs.UsageClientAuth}, Request: []byte(request64)},
	}
}

func class(provisioner string) *storage.StorageClass {
	reclaim, binding := core.PersistentVolumeReclaimDelete, storage.VolumeBindingImmediate
	return &storage.StorageClass{
		ObjectMeta:  meta.ObjectMeta{Name: "one", ResourceVersion: "1"},
		Provisioner: provisioner, ReclaimPolicy: &reclaim, VolumeBindingMode: &binding,
	}
}

func main() {
	updated := signing("example.com/new")
	errors := update(certificates.Strategy, "certificates.k8s.io", "certificatesigningrequests", updated, signing("example.com/old"))
	fmt.Printf("CertificateSigningRequest: errors %d, spec.signerName afterwards %s\n", errors, updated.Spec.SignerName)
	errors = update(storageclass.Strategy, "storage.k8s.io", "storageclasses", class("new.example.com"), class("old.example.com"))
	fmt.Printf("StorageClass: errors %d\n", errors)
}
END
openssl req -new -newkey rsa:2048 -nodes -subj /CN=one -keyout key.pem -out one.csr 2>openssl.log
{ echo 'package main'; echo; echo 'const request64 = `'"$(cat one.csr)"'`'; } >request.go
go mod init example.com/finding >init.log 2>&1
module=$(go mod download -json "k8s.io/kubernetes@v1.$minor.$patch" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
# The modules of its own repository are published under another version.
sed -n 's/^\t\(k8s\.io\/[a-z-]*\) v0\.0\.0$/\1/p' "$module/go.mod" | sort -u | while read -r path; do
    go mod edit -replace "$path=$path@v0.$minor.$patch"
done
go get "k8s.io/kubernetes@v1.$minor.$patch" >get.log 2>&1
GOFLAGS=-mod=mod go run . >seen.log 2>run.log || { tail -5 run.log; exit 1; }
cat >expected.log <<'END'
CertificateSigningRequest: errors 0, spec.signerName afterwards example.com/old
StorageClass: errors 1
END
diff expected.log seen.log && echo ok
