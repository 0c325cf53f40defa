#!/usr/bin/env bash
# sops: encrypting one field of a YAML file rewrites the others: `off` becomes text, which is true in a Helm template,
# and a date gets a time.
#
# github.com/getsops/sops/v3 3.13.3 with sigs.k8s.io/yaml 1.6.0, with which Helm, kubectl and Flux read YAML. sops
# writes the whole file anew from what its own reader makes of it, and that reader has other types: off, no, on and yes
# are text for it, so that they get quotes, and a date is a moment. A values file of which only the password is
# encrypted has another meaning afterwards, in the encrypted file and when it is decrypted. If the fields are encrypted
# themselves, the change cannot be seen in a review: a password that is a date without quotes is decrypted to another
# one. What is quoted from the start stays as it is.
#
# Seen, as sigs.k8s.io/yaml reads the file before it is encrypted, and after it is decrypted:
#   debug: off            false            "off"
#   persistent: yes       true             "yes"
#   since: 2026-01-02     "2026-01-02"     "2026-01-02T00:00:00Z"
#   quoted: "2026-01-02"  "2026-01-02"     "2026-01-02"
# Lines of the file in which only password and since are encrypted: debug: "off", persistent: "yes"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=auto
GOBIN="$folder" go install github.com/getsops/sops/v3/cmd/sops@v3.13.3 2>sops.log
GOBIN="$folder" go install filippo.io/age/cmd/age-keygen@v1.3.1 2>age.log
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
go build -o read .
./age-keygen -o key.txt 2>keygen.log
export SOPS_AGE_KEY_FILE=$folder/key.txt
recipient=$(sed -n 's/^# public key: //p' key.txt)
cat >values.yaml <<'END_OF_YAML'
password: example
debug: off
persistent: yes
since: 2026-01-02
quoted: "2026-01-02"
END_OF_YAML
./sops encrypt --age "$recipient" --encrypted-regex '^(password|since)$' values.yaml >encrypted.yaml
before=$(./read <values.yaml)
lines=$(grep -E '^(debug|persistent):' encrypted.yaml | paste -sd' ')
after=$(./sops decrypt encrypted.yaml | ./read)
printf '%s\n' "$before" "$lines" "$after"
[ "$before" = '{"debug":false,"password":"example","persistent":true,"quoted":"2026-01-02","since":"2026-01-02"} <nil>' ] &&
  [ "$lines" = 'debug: "off" persistent: "yes"' ] &&
  [ "$after" = '{"debug":"off","password":"example","persistent":"yes","quoted":"2026-01-02","since":"2026-01-02T00:00:00Z"} <nil>' ]
