#!/usr/bin/env bash
# deepdiff: in a list, 1, 1.0 and true are the same, unless one asks it to ignore the order.
#
# deepdiff 9.1.0. A changed type is a difference between values of dictionaries, also of dictionaries in lists. Of a
# list that holds only plain values it first asks what Python's == says, for which 1, 1.0 and True are equal, and then
# nothing is left to report, at whatever depth and with verbose_level=2. One dictionary beside them in the list, and
# the types count again. With ignore_order=True the items are compared by hashes, which know the types: the option that
# is meant to report less reports more.
#
# Seen:
#   {"a": 1}, {"a": True}                type_changes
#   {"a": [1]}, {"a": [True]}            nothing
#   the same with ignore_order           type_changes
#   {"a": [1, {}]}, {"a": [True, {}]}    type_changes
#   [1, 2], [1.0, 2.0]                   nothing
#   the same with ignore_order           values_changed
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "deepdiff==9.1.0" "cachebox==5.2.3"
seen=$("$folder/venv/bin/python" - <<'END_OF_PYTHON'
from deepdiff import DeepDiff


def kinds(old, new, **options):
    return list(DeepDiff(old, new, verbose_level=2, **options)) or "nothing"


print(kinds({"a": 1}, {"a": True}))
print(kinds({"a": [1]}, {"a": [True]}))
print(kinds({"a": [1]}, {"a": [True]}, ignore_order=True))
print(kinds({"a": [1, {}]}, {"a": [True, {}]}))
print(kinds([1, 2], [1.0, 2.0]))
print(kinds([1, 2], [1.0, 2.0], ignore_order=True))
END_OF_PYTHON
)
echo "$seen"
[ "$seen" = "['type_changes']
nothing
['type_changes']
['type_changes']
nothing
['values_changed']" ]
