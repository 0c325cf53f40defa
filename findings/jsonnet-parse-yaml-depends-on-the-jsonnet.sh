#!/usr/bin/env bash
# Jsonnet: what std.parseYaml reads depends on which of the two official implementations runs: `yes`, `0644` and `~` are
# text in one, and a boolean, 420 and null in the other.
#
# Jsonnet 0.22.0 in C++, which pip installs as `jsonnet`, and go-jsonnet 0.22.0, with which Argo CD 3.6 evaluates
# Jsonnet. The version is the same, and the same program succeeds in both. The one in Go reads YAML as Kubernetes does;
# the one in C++ takes for a number, a boolean or null only what JSON would. So a program that reads a manifest and
# passes it on builds other objects on a developer's machine than in the cluster: `defaultMode: 0644` of a volume is
# text in one, which the API server refuses, and 420 in the other, and `suspend: yes` is text or a boolean.
#
# Seen, for std.parseYaml("a: ...").a:
#              C++         Go
#   yes        "yes"       true
#   0644       "0644"      420
#   0o644      "0o644"     420
#   1_000      "1_000"     1000
#   ~          "~"         null
#   1e3        1000        1000
#   1:30       "1:30"      "1:30"
#   "1"        "1"         "1"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet "jsonnet==0.22.0"
GOBIN="$folder" go install github.com/google/go-jsonnet/cmd/jsonnet@v0.22.0 2>install.log
cat >read.jsonnet <<'END_OF_JSONNET'
std.manifestJsonMinified([
  std.parseYaml('a: ' + text).a
  for text in ['yes', '0644', '0o644', '1_000', '~', '1e3', '1:30', '"1"']
])
END_OF_JSONNET
cpp=$(venv/bin/python -c 'import _jsonnet, json; print(json.loads(_jsonnet.evaluate_file("read.jsonnet")))')
go=$(./jsonnet --string read.jsonnet)
printf '%s\n' "$cpp" "$go"
[ "$cpp" = '["yes","0644","0o644","1_000","~",1000,"1:30","1"]' ] &&
  [ "$go" = '[true,420,420,1000,null,1000,"1:30","1"]' ]
