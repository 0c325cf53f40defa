#!/usr/bin/env bash
# Argo CD: an object whose hook annotation has no name that Argo CD knows is not applied at all, and what the cluster
# has of it is left over, for pruning to delete.
#
# github.com/argoproj/argo-cd/gitops-engine/v3 3.6.1, with which Argo CD compares files and cluster. Names of hooks are
# case-sensitive: `presync` makes the object neither a hook nor a resource, and so do Helm's hooks that have no
# counterpart, such as test or pre-rollback. The file is passed over without an error. If it was applied before it got
# the annotation, its object now belongs to no file, like that of a file that was deleted, and a sync that prunes takes
# it away. One known name beside the unknown one is enough for a hook. Helm's crd-install leaves it a resource.
#
# Seen, for a ConfigMap in the cluster whose file gets the annotation:
#   none                                           applied
#   argocd.argoproj.io/hook: PreSync               hook, the cluster's object has no file
#   argocd.argoproj.io/hook: presync               no hook, the cluster's object has no file
#   helm.sh/hook: test                             no hook, the cluster's object has no file
#   helm.sh/hook: pre-rollback,post-upgrade        hook, the cluster's object has no file
#   helm.sh/hook: crd-install                      applied
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=auto
module=$(go mod download -json github.com/argoproj/argo-cd/gitops-engine/v3@v3.6.1 2>download.log | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
cp -r --no-preserve=mode "$module" engine
mkdir -p engine/cmd/finding
cat >engine/cmd/finding/main.go <<'END_OF_GO'
package main

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/sync"
	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/utils/kube"
)

type scopes struct{}

func (scopes) IsNamespaced(schema.GroupKind) (bool, error) { return true, nil }

func configMap(annotations map[string]string) *unstructured.Unstructured {
	var object unstructured.Unstructured
	object.SetAPIVersion("v1")
	object.SetKind("ConfigMap")
	object.SetNamespace("shop")
	object.SetName("settings")
	object.SetUID("1")
	object.SetAnnotations(annotations)
	return &object
}

func main() {
	for _, annotation := range [][2]string{
		{},
		{"argocd.argoproj.io/hook", "PreSync"},
		{"argocd.argoproj.io/hook", "presync"},
		{"helm.sh/hook", "test"},
		{"helm.sh/hook", "pre-rollback,post-upgrade"},
		{"helm.sh/hook", "crd-install"},
	} {
		file, live := configMap(map[string]string{annotation[0]: annotation[1]}), configMap(nil)
		cluster := map[kube.ResourceKey]*unstructured.Unstructured{kube.GetResourceKey(live): live}
		result := sync.Reconcile([]*unstructured.Unstructured{file}, cluster, "shop", scopes{})
		fmt.Printf("%s: hooks %d, object without file %t\n", annotation[1], len(result.Hooks), result.Target[0] == nil)
	}
}
END_OF_GO
cd engine
seen=$(go run ./cmd/finding 2>"$folder/run.log")
echo "$seen"
[ "$seen" = ": hooks 0, object without file false
PreSync: hooks 1, object without file true
presync: hooks 0, object without file true
test: hooks 0, object without file true
pre-rollback,post-upgrade: hooks 1, object without file true
crd-install: hooks 0, object without file false" ]
