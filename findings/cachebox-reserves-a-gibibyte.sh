#!/usr/bin/env bash
# Importing deepdiff maps 1 GiB of private memory, so that it fails under a limit on data.
#
# deepdiff 9.1.0 depends on cachebox 5.2.3, whose allocator (mimalloc) reserves an arena of 1 GiB
# when the extension is loaded. The pages are not used, but they count as data: a process that
# limits RLIMIT_DATA to 1 GiB cannot allocate anything after the import. mimalloc's own variable
# MIMALLOC_ARENA_EAGER_COMMIT=0 avoids it. Fairlead's confined process therefore sets its limit
# above what importing has mapped.
#
# Seen on Linux x86-64, CPython 3.11: VmData 1062040 kB after the import, 14248 kB with the variable.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "deepdiff==9.1.0" "cachebox==5.2.3"
data='import deepdiff; print([int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmData")][0])'
eager=$("$folder/venv/bin/python" -c "$data")
lazy=$(MIMALLOC_ARENA_EAGER_COMMIT=0 "$folder/venv/bin/python" -c "$data")
echo "VmData after the import: $eager kB; with MIMALLOC_ARENA_EAGER_COMMIT=0: $lazy kB"
[ "$eager" -gt 1000000 ] && [ "$lazy" -lt 100000 ]
