#!/usr/bin/env bash
# distribution/reference: the first part of an image's name is a registry if it holds a capital letter, though no other
# part of a name may hold one.
#
# github.com/distribution/reference 0.6.0, by which Docker, containerd and the kubelet read the name of an image. The
# usual account is that what stands before the first slash is a registry if it has a dot or a colon or is `localhost`,
# and else the name of an account on Docker Hub. A capital letter decides as well: `Shop/api` is the repository `api` of
# a registry with the host name `Shop`, and not a misspelt `shop/api` of Docker Hub, which would be refused for its
# capital letter. github.com/google/go-containerregistry 0.22.1, with which tools that pull, sign and check images read
# names, does refuse it. So a name that one tool calls invalid is pulled, by another, from a host in the cluster's own
# search domains.
#
# Seen (registry and repository by distribution/reference; by go-containerregistry):
#   shop/api        docker.io shop/api      index.docker.io shop/api
#   Shop/api        Shop api                refused
#   shop/API        refused                 refused
#   example.com/api example.com api         example.com api
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=auto
cat >main.go <<'END_OF_GO'
package main

import (
	"fmt"
	"os"

	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/name"
)

func main() {
	for _, image := range os.Args[1:] {
		fmt.Printf("%s: %s; %s\n", image, byReference(image), byContainerRegistry(image))
	}
}

func byReference(image string) string {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return "refused"
	}
	return reference.Domain(named) + " " + reference.Path(named)
}

func byContainerRegistry(image string) string {
	named, err := name.ParseReference(image)
	if err != nil {
		return "refused"
	}
	return named.Context().RegistryStr() + " " + named.Context().RepositoryStr()
}
END_OF_GO
go mod init example.com/finding >init.log 2>&1
go get github.com/distribution/reference@v0.6.0 github.com/google/go-containerregistry/pkg/name@v0.22.1 >get.log 2>&1
go build -o read .
seen=$(./read shop/api Shop/api shop/API example.com/api)
echo "$seen"
[ "$seen" = "shop/api: docker.io shop/api; index.docker.io shop/api
Shop/api: Shop api; refused
shop/API: refused; refused
example.com/api: example.com api; example.com api" ]
