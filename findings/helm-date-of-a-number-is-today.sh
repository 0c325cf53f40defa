#!/usr/bin/env bash
# Helm: `date` formats a number or a text of the values as the present day, without an error.
#
# Helm 4.2.4 with sprig 3.3.0. The function takes a time or one of Go's integers for seconds since 1970. For anything
# else it takes the present time, and that is what all numbers of a values file are for it: they arrive as
# floating-point numbers. So an annotation or a name that is made of a date in values.yaml changes every day, in each
# rendering, and a tool that renders anew on each synchronization finds a difference each day. The same number by --set,
# which is how the parameters of an Argo CD Application are handed over, is an integer and right. `int64` before `date`
# makes the number of a file right as well, and makes 1970 of a text; a text needs `toDate` first.
#
# Seen, for {{ .Values.day | date "2006-01-02" }} on some later day:
#   day: 1577836800 in a file        today
#   --set day=1577836800             2020-01-01
#   --set-json day=1577836800        today
#   --set-string day=2020-01-01      today
#   day: 2020-01-01 in a file        today
# {{ .Values.day | int64 | date "2006-01-02" }}, day: 1577836800 in a file: 2020-01-01
# {{ .Values.day | toDate "2006-01-02" | date "2006-01-02" }}, --set-string day=2020-01-01: 2020-01-01
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export TZ=UTC
GOBIN="$folder" go install helm.sh/helm/v4/cmd/helm@v4.2.4 2>install.log
mkdir -p chart/templates
printf '{apiVersion: v2, name: chart, version: 0.1.0}\n' >chart/Chart.yaml
printf 'day: 1577836800\n' >number.yaml
printf 'day: 2020-01-01\n' >text.yaml
shown() {
  local pipe=$1
  shift
  printf 'shown: {{ .Values.day | %sdate "2006-01-02" }}\n' "$pipe" >chart/templates/shown.yaml
  HELM_CACHE_HOME=$folder/c HELM_CONFIG_HOME=$folder/f HELM_DATA_HOME=$folder/d ./helm template release chart "$@" |
    sed -n 's/^shown: //p'
}
today=$(date +%F)
seen=$(
  shown "" --values number.yaml
  shown "" --set day=1577836800
  shown "" --set-json day=1577836800
  shown "" --set-string day=2020-01-01
  shown "" --values text.yaml
  shown "int64 | " --values number.yaml
  shown 'toDate "2006-01-02" | ' --set-string day=2020-01-01
)
tomorrow=$(date +%F)
seen=$(sed "s/^$today$/today/; s/^$tomorrow$/today/" <<<"$seen" | paste -sd' ')
echo "$seen"
[ "$seen" = "today 2020-01-01 today today today 2020-01-01 2020-01-01" ]
