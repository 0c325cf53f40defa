#!/usr/bin/env bash
# PyYAML writes some strings without quotes that Kubernetes reads as numbers and booleans: a short commit such as
# 1234e56 among them.
#
# PyYAML 6.0.3 and sigs.k8s.io/yaml 1.6.0, with which kubectl, the API server and Helm read YAML. A writer quotes what
# its own reader would take for something else, and the two readers differ: for PyYAML a number with an exponent has a
# point and a sign in the exponent, an octal number has no 0o, and y and n are strings. A program that writes commits
# of seven characters into labels or a chart's values so writes a number in one of 115 cases, where a string is wanted.
# PyYAML itself reads its text back as it was.
#
# Seen:
#   "1e3"        1e3        1000
#   "1234e56"    1234e56    1.234e+59
#   "0o14"       0o14       12
#   "y"          y          true
#   "yes"        'yes'      "yes"
#   "012"        '012'      "012"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet "PyYAML==6.0.3"
cat >main.go <<'END_OF_GO'
package main

import (
	"fmt"
	"io"
	"os"

	"sigs.k8s.io/yaml"
)

func main() {
	text, _ := io.ReadAll(os.Stdin)
	json, err := yaml.YAMLToJSON(text)
	fmt.Println(string(json), err)
}
END_OF_GO
go mod init example.com/finding >init.log 2>&1
go get sigs.k8s.io/yaml@v1.6.0 >get.log 2>&1
venv/bin/python -c '
import sys, yaml
values = ["1e3", "1234e56", "0o14", "y", "yes", "012"]
text = yaml.safe_dump(values)
assert yaml.safe_load(text) == values
sys.stdout.write(text)' >written.yaml
written=$(paste -sd' ' written.yaml)
read=$(go run . <written.yaml)
printf '%s\n' "$written" "$read"
[ "$written" = "- 1e3 - 1234e56 - 0o14 - y - 'yes' - '012'" ] && [ "$read" = '[1000,1.234e+59,12,true,"yes","012"] <nil>' ]
