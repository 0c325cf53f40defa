"""`make oracle`: generates the data tables again and records what they were made of.

`python -m tests.oracle FILE...` generates the tables of these names alone.
"""

from __future__ import annotations

import sys

from tests.oracle.record import regenerate

if __name__ == "__main__":
    for path in regenerate(sys.argv[1:]):
        sys.stdout.write(f"{path}\n")
