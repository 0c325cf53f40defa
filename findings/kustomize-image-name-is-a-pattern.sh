#!/usr/bin/env bash
# kustomize: the name in `images:` is a regular expression, and newTag alone removes a digest.
#
# kustomize 5.8.1. The documentation calls the field the name of the image. The dots of a registry match any
# character, so that an entry for reg.example/app also rewrites reg-example/app, another registry's image; only the
# beginning and the end are anchored. An entry with newTag takes the digest away from an image that is pinned by
# one, where newName alone keeps both tag and digest. Entries act one after another: the second of two sees the
# name that the first has written.
#
# Seen, for reg.example/app:v1@sha256:... , reg-example/app:v1 and reg.example/app-two:v1:
#   newTag: v2                     reg.example/app:v2               reg-example/app:v2   unchanged
#   newName: new/app               new/app:v1@sha256:...            new/app:v1           unchanged
#   newName: new/app, newTag: v2, then an entry for new/app with newTag: v3    new/app:v3 twice
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1 2>install.log
digest="sha256:$(printf 'a%.0s' {1..64})"
cat >pod.yaml <<END
apiVersion: v1
kind: Pod
metadata: {name: example}
spec:
  containers:
  - {name: a, image: "reg.example/app:v1@$digest"}
  - {name: b, image: "reg-example/app:v1"}
  - {name: c, image: "reg.example/app-two:v1"}
END
images() {
  printf 'resources: [pod.yaml]\nimages: [%s]\n' "$1" >kustomization.yaml
  ./kustomize build . | sed -n 's/.*image: //p' | paste -sd' '
}
tag=$(images '{name: reg.example/app, newTag: v2}')
name=$(images '{name: reg.example/app, newName: new/app}')
chain=$(images '{name: reg.example/app, newName: new/app, newTag: v2}, {name: new/app, newTag: v3}')
printf '%s\n' "newTag:  $tag" "newName: $name" "chain:   $chain"
[ "$tag" = "reg.example/app:v2 reg-example/app:v2 reg.example/app-two:v1" ] &&
  [ "$name" = "new/app:v1@$digest new/app:v1 reg.example/app-two:v1" ] &&
  [ "$chain" = "new/app:v3 new/app:v3 reg.example/app-two:v1" ]
