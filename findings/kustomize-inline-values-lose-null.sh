#!/usr/bin/env bash
# kustomize: a null in the `valuesInline` of a chart is lost, so that it does not remove a default of the chart as it
# does in a values file.
#
# kustomize 5.8.1 with Helm 4.2.4. Helm removes a value of the chart where the user's values hold null for it, and that
# is the documented way to get rid of a default, such as a limit on CPU. kustomize writes a values file from
# `valuesInline` before it calls Helm, and leaves each key with null out of it: the default stays, and the build
# succeeds. Beside a `valuesFile`, the null removes the key of that file alone, and the default of the chart comes back.
# In the files that `valuesFile` and `additionalValuesFiles` name, null counts as it does for Helm.
#
# Seen (limits of a chart whose default is cpu 1 and memory 1Gi; the null is for cpu):
#   helm template --values                          memory
#   valuesInline                                    cpu memory
#   valuesFile                                      memory
#   additionalValuesFiles                           memory
#   valuesInline, and cpu: 2 in the valuesFile      cpu memory, with cpu 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=auto GOBIN="$folder/bin" PATH="$folder/bin:$PATH"
go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1 2>kustomize.log
go install helm.sh/helm/v4/cmd/helm@v4.2.4 2>helm.log
mkdir -p charts/web/templates
printf '{apiVersion: v2, name: web, version: 1.0.0}\n' >charts/web/Chart.yaml
printf 'limits: {cpu: 1, memory: 1Gi}\n' >charts/web/values.yaml
cat >charts/web/templates/limits.yaml <<'END_OF_TEMPLATE'
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {limits: {{ keys .Values.limits | sortAlpha | join " " }} {{ .Values.limits.cpu }}}
END_OF_TEMPLATE
printf 'limits: {cpu: null}\n' >mine.yaml
printf 'limits: {cpu: 2}\n' >two.yaml
built() {
  printf 'helmCharts: [{name: web, releaseName: web, %s}]\n' "$1" >kustomization.yaml
  kustomize build --enable-helm . | sed -n 's/^  limits: //p'
}
seen=$(
  helm template web charts/web --values mine.yaml | sed -n 's/.*{limits: \(.*\)}/\1/p' | sed 's/ $//'
  built 'valuesInline: {limits: {cpu: null}}'
  built 'valuesFile: mine.yaml'
  built 'additionalValuesFiles: [mine.yaml]'
  built 'valuesFile: two.yaml, valuesInline: {limits: {cpu: null}}'
)
echo "$seen"
[ "$seen" = "memory
cpu memory 1
memory
memory
cpu memory 1" ]
