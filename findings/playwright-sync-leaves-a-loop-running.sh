#!/usr/bin/env bash
# While Playwright's synchronous API is started, the thread has a running event loop: asyncio.run() in it fails.
#
# playwright 1.65.2, CPython 3.11. The synchronous API runs its own event loop in a greenlet of the calling thread
# and hides it, but asyncio keeps the running loop by thread. Between start() and stop(), code that has nothing to
# do with the browser sees a running loop: asyncio.run() raises, and libraries that ask asyncio whether they may
# block refuse to. With a fixture that keeps a browser for a whole test session, every later test of the same
# process is affected, whatever it tests. No browser is needed for it: the driver of the package is enough.
#
# Seen: before: none; between: asyncio.run() cannot be called from a running event loop; after stop(): none
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "playwright==1.65.2"
seen=$("$folder/venv/bin/python" - <<'END'
import asyncio

from playwright.sync_api import sync_playwright


async def nothing() -> str:
    return "works"


def run() -> str:
    task = nothing()
    try:
        return asyncio.run(task)
    except RuntimeError as error:
        task.close()
        return str(error)


before = run()
browser_api = sync_playwright().start()
between = run()
browser_api.stop()
print(before, between, run(), sep="; ")
END
)
echo "$seen"
[ "$seen" = "works; asyncio.run() cannot be called from a running event loop; works" ]
