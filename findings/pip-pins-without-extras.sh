#!/usr/bin/env bash
# A lock made by `uv pip compile` stops installing with pip 23.2 once a newer release appears.
#
# pytest-cov 7.1.0 asks for `coverage[toml]`. uv 0.9.30 leaves extras out of the names it pins unless
# it is given --no-strip-extras, so the lock has `coverage==7.17.3`. pip 23.2.1 (which CPython 3.11.5
# to 3.11.7 bring) does not take that for a pin of `coverage[toml]`: as long as 7.17.3 is the newest
# release the install works by luck, and from the next release on it ends with
#
#   ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==.
#
# pip 23.3 and later take it. A lock that names the extra installs with both.
# Seen on CPython 3.11.7 with coverage 7.17.5 the newest release.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf 'pytest-cov==7.1.0\ncoverage==7.17.3\n' > wishes.txt
python3 -m venv maker
maker/bin/pip install --quiet "uv==0.9.30"
maker/bin/uv pip compile --quiet --generate-hashes --no-header wishes.txt -o plain.lock
maker/bin/uv pip compile --quiet --generate-hashes --no-header --no-strip-extras wishes.txt -o extras.lock
outcome() {
  python3 -m venv "pip-$1"
  "pip-$1/bin/pip" install --quiet "pip==$1" 2> /dev/null
  if "pip-$1/bin/pip" install --quiet --dry-run --require-hashes -r "$2" > log 2>&1; then echo installs
  elif grep -q "must have their versions pinned with ==" log; then echo "refused as unpinned"
  else cat log; fi
}
old=$(outcome 23.2.1 plain.lock)
new=$(outcome 23.3 plain.lock)
named=$(outcome 23.2.1 extras.lock)
echo "without extras: pip 23.2.1 $old, pip 23.3 $new; with extras: pip 23.2.1 $named"
[ "$old" = "refused as unpinned" ] && [ "$new" = installs ] && [ "$named" = installs ]
