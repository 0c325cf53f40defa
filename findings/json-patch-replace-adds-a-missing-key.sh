#!/usr/bin/env bash
# JSON patch in kustomize and in Kubernetes: `replace` adds a key that is missing, and `test` of a missing key against
# null succeeds.
#
# kustomize 5.8.1 and gopkg.in/evanphx/json-patch.v4 4.13.0, the library that kustomize and the API server of
# Kubernetes 1.37 use. RFC 6902 says that the target of `replace` must exist. Version 4 asks only whether its parent
# does: a `replace` that misspells the last part of its path adds a field, and nobody hears of it, while a misspelled
# part before the last is an error, and so is `remove` of a missing key. Version 5 of the same library refuses the
# `replace`.
#
# Seen, for a ConfigMap with the annotation team and without labels:
#   kustomize, replace /metadata/annotations/taem              annotations: taem: ops team: shop
#   kustomize, replace /metadata/labels/team                   missing value
#   kustomize, remove /metadata/annotations/taem               missing value
#   kustomize, test /metadata/labels for null, remove /data    data is removed
#   the library, replace /annotations/taem in {"annotations":{"team":"a"}}
#     version 4                                                {"annotations":{"taem":"b","team":"a"}}
#     version 5                                                doc is missing key
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1 2>install.log
printf '{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {team: shop}}, data: {key: value}}\n' >map.yaml
built() {
  printf 'resources: [map.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |-\n    %s\n' "$1" >kustomization.yaml
  if ./kustomize build . >output 2>error; then tr -s ' \n' ' ' <output; else grep -o "missing value" error; fi
}
added=$(built '[{"op": "replace", "path": "/metadata/annotations/taem", "value": "ops"}]')
parent=$(built '[{"op": "replace", "path": "/metadata/labels/team", "value": "ops"}]')
removed=$(built '[{"op": "remove", "path": "/metadata/annotations/taem"}]')
tested=$(built '[{"op": "test", "path": "/metadata/labels", "value": null}, {"op": "remove", "path": "/data"}]')
cat >main.go <<'END_OF_GO'
package main

import (
	"fmt"

	v5 "github.com/evanphx/json-patch/v5"
	v4 "gopkg.in/evanphx/json-patch.v4"
)

func main() {
	document := []byte(`{"annotations":{"team":"a"}}`)
	text := []byte(`[{"op":"replace","path":"/annotations/taem","value":"b"}]`)
	four, err := v4.DecodePatch(text)
	if err != nil {
		panic(err)
	}
	five, err := v5.DecodePatch(text)
	if err != nil {
		panic(err)
	}
	patched, err := four.Apply(document)
	fmt.Println(string(patched), err)
	patched, err = five.Apply(document)
	fmt.Println(string(patched), err)
}
END_OF_GO
go mod init example.com/finding >init.log 2>&1
go get gopkg.in/evanphx/json-patch.v4@v4.13.0 github.com/evanphx/json-patch/v5@v5.9.11 >get.log 2>&1
libraries=$(go run .)
printf '%s\n' "replace: $added" "without the parent: $parent" "remove: $removed" "test: $tested" "$libraries"
map="kind: ConfigMap metadata: annotations:"
[ "$added" = "apiVersion: v1 data: key: value $map taem: ops team: shop name: a " ] &&
  [ "$parent" = "missing value" ] && [ "$removed" = "missing value" ] &&
  [ "$tested" = "apiVersion: v1 $map team: shop name: a " ] &&
  [ "$libraries" = '{"annotations":{"taem":"b","team":"a"}} <nil>
 replace operation does not apply: doc is missing key: /annotations/taem: missing value' ]
