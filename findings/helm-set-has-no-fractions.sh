#!/usr/bin/env bash
# Helm: --set gives a fraction as text and an integer exactly, where a values file gives both as floating-point numbers.
#
# Helm 4.2.4. --set knows booleans, null and integers; 0.5 and 1e3 are strings. A template that prints the value shows
# no difference, but toYaml and toJson quote it, a schema with `type: number` refuses it, and so does the API server in
# a numeric field. Integers differ the other way: of a values file, they are rounded to 53 bits. The parameters of an
# Argo CD Application are handed over by --set, so that moving a value from a file into a parameter changes what is
# rendered. --set-json reads fractions, and rounds integers like a file.
#
# Seen, for {{ .Values.value | kindOf }} {{ .Values.value | toJson }}:
#   value: 0.5 in a file                    float64 0.5
#   --set value=0.5                         string "0.5"
#   --set-json value=0.5                    float64 0.5
#   value: 9007199254740993 in a file       float64 9007199254740992
#   --set value=9007199254740993            int64 9007199254740993
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" go install helm.sh/helm/v4/cmd/helm@v4.2.4 2>install.log
mkdir -p chart/templates
printf 'apiVersion: v2\nname: chart\nversion: 0.1.0\n' >chart/Chart.yaml
# shellcheck disable=SC2016
printf 'shown: {{ .Values.value | kindOf }} {{ .Values.value | toJson }}\n' >chart/templates/shown.yaml
shown() { HELM_CACHE_HOME=$folder/c HELM_CONFIG_HOME=$folder/f HELM_DATA_HOME=$folder/d ./helm template release chart "$@" | sed -n 's/^shown: //p'; }
printf 'value: 0.5\n' >fraction.yaml
printf 'value: 9007199254740993\n' >large.yaml
seen=$(
  shown --values fraction.yaml
  shown --set value=0.5
  shown --set-json value=0.5
  shown --values large.yaml
  shown --set value=9007199254740993
)
echo "$seen"
[ "$seen" = 'float64 0.5
string "0.5"
float64 0.5
float64 9007199254740992
int64 9007199254740993' ]
