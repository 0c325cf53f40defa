#!/usr/bin/env bash
# In Flux's post-build substitution, ${VAR:+word} is not the shell's: it gives the variable if that is set and
# not empty, and the word otherwise, as ${VAR:-word} does. ${VAR=word} without a colon does the same.
#
# github.com/fluxcd/pkg/envsubst 1.8.0, the library that kustomize-controller substitutes with. The shell's
# ${VAR:+word} gives the word exactly where the variable is set: a manifest that is tried out with envsubst or
# bash and then applied by Flux has the opposite value in both cases. ${VAR-word} and ${VAR?word}, which a shell
# knows, are errors. A doubled dollar loses one of the two also before a name without braces, although $NAME
# itself is never substituted.
#
# Seen (set=v):
#   ${set:+word} v     ${unset:+word} word     ${unset=word} word     $$set $set     $set $set
#   bash: word, nothing
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
go mod init example.com/finding >init.log 2>&1
go get github.com/fluxcd/pkg/envsubst@v1.8.0 >get.log 2>&1
cat >main.go <<'END'
package main

import (
	"fmt"
	"os"

	"github.com/fluxcd/pkg/envsubst"
)

func main() {
	for _, text := range os.Args[1:] {
		out, err := envsubst.Eval(text, func(name string) (string, bool) {
			if name == "set" {
				return "v", true
			}
			return "", false
		})
		if err != nil {
			out = "error: " + err.Error()
		}
		fmt.Println(out)
	}
}
END
go build -o substitute .
seen=$(./substitute '${set:+word}' '${unset:+word}' '${unset=word}' '$$set' '$set' '${set-word}' | paste -sd'|')
shell=$(bash -c 'set=v; echo "${set:+word}|${unset:+word}"')
echo "Flux: $seen"
echo "bash: $shell"
[ "$seen" = 'v|word|word|$set|$set|error: missing closing brace' ] && [ "$shell" = 'word|' ]
