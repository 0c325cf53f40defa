"""`make oracle`: generates the data tables again and records what they were made of."""

from __future__ import annotations

import sys

from tests.oracle.record import regenerate

if __name__ == "__main__":
    for path in regenerate():
        sys.stdout.write(f"{path}\n")
