#!/usr/bin/env bash
# Masterminds/semver: a range that excludes one release candidate takes every other one, and `<2.0.0` takes 2.0.0-rc.1
# as soon as another part of the range names a pre-release.
#
# github.com/Masterminds/semver/v3 3.5.0, by which Helm 4, Flux and Argo CD read ranges of versions. Pre-releases take
# part in a range if any of its parts names one, be it to keep one out: `!=1.5.0-rc.1` added to a range that had stable
# versions only makes 1.6.0-rc.1 the newest match, and so does `<2.0.0-0`, which is how npm writes an upper bound that
# keeps the candidates of 2.0.0 out. Up to 3.3.1 each part had to name a pre-release itself, so that the newer library
# in an upgraded controller answers otherwise for a file that did not change. npm's own semver takes only candidates of
# the very version that the range names, whence a tool that proposes updates by npm's rules expects other versions than
# the controller then installs. A caret range keeps its bound in all of them.
#
# Seen (is the version in the range?)            3.3.1    3.5.0    semver of npm 7.7.3
#   >=1.2.0 !=1.5.0-rc.1      1.6.0-rc.1         no       yes      (npm has no !=)
#   >=1.2.0 <2.0.0-0          1.3.0-rc.1         no       yes      no
#   >=1.2.0-0 <2.0.0          2.0.0-rc.1         no       yes      no
#   >=1.2.0-0 <2.0.0-0        2.0.0-rc.1         no       no       no
#   ^1.2.0-0                  2.0.0-rc.1         no       no       no
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
ranges=(">=1.2.0 !=1.5.0-rc.1" ">=1.2.0 <2.0.0-0" ">=1.2.0-0 <2.0.0" ">=1.2.0-0 <2.0.0-0" "^1.2.0-0")
versions=(1.6.0-rc.1 1.3.0-rc.1 2.0.0-rc.1 2.0.0-rc.1 2.0.0-rc.1)
cat >main.go <<'END_OF_GO'
package main

import (
	"fmt"
	"os"

	"github.com/Masterminds/semver/v3"
)

func main() {
	constraint, err := semver.NewConstraint(os.Args[1])
	if err != nil {
		panic(err)
	}
	fmt.Println(constraint.Check(semver.MustParse(os.Args[2])))
}
END_OF_GO
go mod init example.com/finding >init.log 2>&1
for release in 3.3.1 3.5.0; do
  go get "github.com/Masterminds/semver/v3@v$release" >get.log 2>&1
  go build -o "check-$release" .
done
npm install --silent --no-audit --no-fund semver@7.7.3 >npm.log
seen=$(
  for number in "${!ranges[@]}"; do
    range=${ranges[$number]} version=${versions[$number]}
    npm=$(node -p 'require("semver").satisfies(process.argv[2], process.argv[1])' "$range" "$version")
    echo "$range $version $(./check-3.3.1 "$range" "$version") $(./check-3.5.0 "$range" "$version") $npm"
  done
)
echo "$seen"
[ "$seen" = ">=1.2.0 !=1.5.0-rc.1 1.6.0-rc.1 false true false
>=1.2.0 <2.0.0-0 1.3.0-rc.1 false true false
>=1.2.0-0 <2.0.0 2.0.0-rc.1 false true false
>=1.2.0-0 <2.0.0-0 2.0.0-rc.1 false false false
^1.2.0-0 2.0.0-rc.1 false false false" ]
