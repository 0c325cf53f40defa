#!/usr/bin/env bash
# Helm: a null removes a subchart's default only where the user gives it, not where the parent chart does.
#
# Helm 4.2.4. The documentation says that a null value deletes a default key. The parent chart's own values.yaml
# may set any value of a subchart and so override its default, but its null leaves that default in place, without
# a word. The same lines in a file given by --values delete it. A chart that seems to switch a subchart's default
# off therefore does not, until somebody repeats the null at installation. And a `global` that the user gives
# the subchart itself loses against the parent's `global` of the same key.
#
# Seen (the subchart's defaults are size: 1 and mode: plain):
#   parent's values.yaml with sub: {size: 2, mode: null}        {"mode":"plain","size":2}
#   the same lines by --values                                  {"size":2}
#   global: {key: parent} and sub: {global: {key: sub}}         the subchart's template sees "parent"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" go install helm.sh/helm/v4/cmd/helm@v4.2.4 2>install.log
mkdir -p parent/charts/sub/templates
printf 'apiVersion: v2\nname: parent\nversion: 0.1.0\n' >parent/Chart.yaml
printf 'apiVersion: v2\nname: sub\nversion: 0.1.0\n' >parent/charts/sub/Chart.yaml
printf 'size: 1\nmode: plain\n' >parent/charts/sub/values.yaml
# shellcheck disable=SC2016
printf 'values: {{ omit .Values "global" | toJson }}\nglobal: {{ .Values.global.key | toJson }}\n' >parent/charts/sub/templates/shown.yaml
lines='sub: {size: 2, mode: null}'
values() { HELM_CACHE_HOME=$folder/c HELM_CONFIG_HOME=$folder/f HELM_DATA_HOME=$folder/d ./helm template release parent "$@" | sed -n "s/^$part: //p"; }
part=values
echo "$lines" >parent/values.yaml
by_parent=$(values)
: >parent/values.yaml
echo "$lines" >user.yaml
by_user=$(values --values user.yaml)
part=global
printf 'global: {key: parent}\nsub: {global: {key: sub}}\n' >user.yaml
global=$(values --values user.yaml)
printf '%s\n' "by the parent: $by_parent" "by the user: $by_user" "global: $global"
[ "$by_parent" = '{"mode":"plain","size":2}' ] && [ "$by_user" = '{"size":2}' ] && [ "$global" = '"parent"' ]
