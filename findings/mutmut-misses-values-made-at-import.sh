#!/usr/bin/env bash
# mutmut: what a test module computes when it is imported is never computed by a mutant, and the mutant survives.
#
# mutmut 3.8.1 with pytest 9.2.0. mutmut imports the test modules once, and switches a mutant on afterwards, in a
# process that it forks. A module constant or a list of parameters that calls the code under test therefore holds
# the unmutated result in every run. The mutants of that code are not listed as reached by no test: they are listed
# as survivors, as if the assertion were too weak. A fixture or the test's own body shows them.
#
# Seen, for two equal functions that one assertion checks, the first of them called in a module constant:
#   small.x_early__mutmut_1: survived
#   small.x_late__mutmut_1: killed
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet "mutmut==3.8.1" "pytest==9.2.0"
mkdir -p src/small tests
cat >src/small/__init__.py <<END
def early():
    return "stable"


def late():
    return "stable"
END
cat >tests/test_small.py <<END
from small import early, late

COMPUTED = early()


def test_both():
    assert (COMPUTED, late()) == ("stable", "stable")
END
cat >pyproject.toml <<END
[project]
name = "small"
version = "1"
[tool.mutmut]
source_paths = ["src/"]
[tool.pytest.ini_options]
pythonpath = ["src"]
END
venv/bin/mutmut run >run.log 2>&1
seen=$(venv/bin/mutmut results --all true 2>/dev/null | sed 's/^ *//' | sort | paste -sd,)
echo "$seen"
[ "$seen" = "small.x_early__mutmut_1: survived,small.x_early__mutmut_2: survived,small.x_late__mutmut_1: killed,small.x_late__mutmut_2: killed" ]
