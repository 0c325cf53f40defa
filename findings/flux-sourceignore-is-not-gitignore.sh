#!/usr/bin/env bash
# Flux: .sourceignore is not read as Git reads .gitignore: `/**` ignores nothing, and a file below an ignored directory
# can be taken in again.
#
# github.com/fluxcd/pkg/sourceignore 0.22.0, with which source-controller reads .sourceignore and `spec.ignore`. The
# documentation says that the format is that of .gitignore. Git never looks into an ignored directory, so that `!` for
# a file in it has no effect; Flux matches each file by itself, and the `!` counts. A pattern that consists of `/**`
# matches nothing: a source that ignores everything but one directory in that form ignores nothing at all. Two stars
# inside a name match nothing either, and `[!a]` is no negation. Trying a pattern out with `git check-ignore` therefore
# says little about what a source holds.
#
# Seen (which of apps/web.yaml, apps/db/db.yaml, docs/notes.yaml and top.yaml are ignored):
#   /* and !/apps/db/db.yaml    Git: all four               Flux: all but apps/db/db.yaml
#   /** and !/apps/**           Git: all four               Flux: none
#   a**/db/                     Git: apps/db/db.yaml        Flux: none
#   /[!a]*/                     Git: docs/notes.yaml        Flux: apps/web.yaml apps/db/db.yaml
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=auto
cat >main.go <<'END_OF_GO'
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/fluxcd/pkg/sourceignore"
)

func main() {
	matcher := sourceignore.NewMatcher(sourceignore.ReadPatterns(os.Stdin, nil))
	for _, file := range os.Args[1:] {
		if matcher.Match(strings.Split(file, "/"), false) {
			fmt.Println(file)
		}
	}
}
END_OF_GO
go mod init example.com/finding >init.log 2>&1
go get github.com/fluxcd/pkg/sourceignore@v0.22.0 >get.log 2>&1
go build -o ignored .
git init --quiet repository
cd repository
files=(apps/web.yaml apps/db/db.yaml docs/notes.yaml top.yaml)
mkdir -p apps/db docs
touch "${files[@]}"
seen=$(
  for patterns in '/*\n!/apps/db/db.yaml\n' '/**\n!/apps/**\n' 'a**/db/\n' '/[!a]*/\n'; do
    printf '%b' "$patterns" >.gitignore
    echo "Git: $(git check-ignore "${files[@]}" | paste -sd' ') Flux: $(../ignored "${files[@]}" <.gitignore | paste -sd' ')"
  done
)
echo "$seen"
[ "$seen" = "Git: ${files[*]} Flux: apps/web.yaml docs/notes.yaml top.yaml
Git: ${files[*]} Flux: 
Git: apps/db/db.yaml Flux: 
Git: docs/notes.yaml Flux: apps/web.yaml apps/db/db.yaml" ]
