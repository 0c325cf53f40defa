#!/usr/bin/env bash
# Helm: a dependency's `condition` counts only if the value is a boolean; "false" as text, 0 and null leave the
# subchart in.
#
# Helm 4.2.4. Such a value is passed over with a warning on standard error and exit status 0, and the chart is
# rendered as if nobody had switched it off. GitOps tools hand values over as text more often than people do:
# --set-string is what Argo CD's `forceString` gives, and a quoted value is common in files. A second path in the
# same condition is then looked at, so that a chart with two can be switched by the one and not by the other.
#
# Seen (values.yaml of the chart says sub: {enabled: true}):
#   --set sub.enabled=false           left out
#   --set-string sub.enabled=false    rendered
#   --set sub.enabled=0               rendered
#   --set sub.enabled=null            rendered
#   --set-string sub.enabled=false --set global.sub=false, condition: sub.enabled,global.sub    left out
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" go install helm.sh/helm/v4/cmd/helm@v4.2.4 2>install.log
mkdir -p parent/charts/sub/templates
printf 'apiVersion: v2\nname: sub\nversion: 0.1.0\n' >parent/charts/sub/Chart.yaml
printf 'kind: Rendered\n' >parent/charts/sub/templates/one.yaml
printf 'sub: {enabled: true}\n' >parent/values.yaml
outcome() {
  printf 'apiVersion: v2\nname: parent\nversion: 0.1.0\ndependencies: [{name: sub, version: 0.1.0, condition: "%s"}]\n' "$condition" >parent/Chart.yaml
  HELM_CACHE_HOME=$folder/c HELM_CONFIG_HOME=$folder/f HELM_DATA_HOME=$folder/d ./helm template release parent "$@" >output 2>warnings
  if grep -q "kind: Rendered" output; then echo rendered; else echo "left out"; fi
}
condition=sub.enabled
seen="$(outcome --set sub.enabled=false), $(outcome --set-string sub.enabled=false), $(outcome --set sub.enabled=0), $(outcome --set sub.enabled=null)"
condition=sub.enabled,global.sub
seen="$seen, $(outcome --set-string sub.enabled=false --set global.sub=false)"
echo "$seen"
[ "$seen" = "left out, rendered, rendered, rendered, left out" ]
