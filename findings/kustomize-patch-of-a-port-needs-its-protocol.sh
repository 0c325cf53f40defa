#!/usr/bin/env bash
# kustomize: a patch of a port is lost without a word if the file states `protocol: TCP` and the patch does not, or the
# other way round.
#
# kustomize 5.8.1. It merges `ports` of containers and Services by number and protocol, as the schema's list keys say,
# but does not know that TCP is the default of the second key. An entry with the number of an existing port and another
# spelling of the same protocol neither changes that port nor is added as a second one: every other field of the entry
# is dropped, and the build succeeds. An entry with a number that is not there yet is added, however it is spelled, so
# that a patch which worked for a new port stops to work for an existing one.
#
# Seen, for a Service (a container's ports with `name` do the same):
#   file                         patch                                           built
#   port: 53                     port: 53, targetPort: 5353                      port: 53 targetPort: 5353
#   port: 53, protocol: TCP      port: 53, targetPort: 5353                      port: 53 protocol: TCP
#   port: 53                     port: 53, protocol: TCP, targetPort: 5353       port: 53
#   port: 53, protocol: TCP      port: 54, targetPort: 5353                      port: 54 targetPort: 5353 port: 53 protocol: TCP
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1 2>install.log
service() { printf '{apiVersion: v1, kind: Service, metadata: {name: dns}, spec: {ports: [{%s}]}}\n' "$1"; }
built() {
  service "$1" >service.yaml
  service "$2" >patch.yaml
  printf 'resources: [service.yaml]\npatches: [{path: patch.yaml}]\n' >kustomization.yaml
  ./kustomize build . | sed -n '/ports:/,$p' | tr -s ' \n-' ' ' | sed 's/^ ports: //; s/ $/\n/'
}
seen=$(
  built "port: 53" "port: 53, targetPort: 5353"
  built "port: 53, protocol: TCP" "port: 53, targetPort: 5353"
  built "port: 53" "port: 53, protocol: TCP, targetPort: 5353"
  built "port: 53, protocol: TCP" "port: 54, targetPort: 5353"
)
echo "$seen"
[ "$seen" = "port: 53 targetPort: 5353
port: 53 protocol: TCP
port: 53
port: 54 targetPort: 5353 port: 53 protocol: TCP" ]
