"""A process that was taken over: what it leaves and says is not believed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.fetching import FetchResult, SourceReference
from bot.fetch import Fetching, SessionLimits
from bot.fetch.messages import MEBIBYTE
from bot.sandbox import sandbox_state
from tests.fetch.servers import Answer, Asked, Server
from tests.git.repositories import commit, git, make_repository
from tests.sandbox.running import NOBODY, python

# What an honest process does first, and then whatever the test has it do.
_BEGIN = """
import sys; sys.path.insert(0, sys.argv[1])
import json, os, socket, pathlib, time
ask = json.load(sys.stdin)
folder = pathlib.Path(ask["staging"]) / ask["items"][0]["folder"]
def say(**said):
    os.write(1, json.dumps({"item": 0, "status": "fetched", **said}).encode() + b"\\n")
"""
_CONFINED = """
import sys; sys.path.insert(0, sys.argv[1])
import json, os, socket, pathlib, msgspec
from bot.fetch import child
from bot.fetch.limits import FetchLimits
from bot.fetch.addresses import AllowedHosts
from bot.fetch.messages import FetchOrder
ask = msgspec.json.decode(sys.stdin.buffer.read(), type=FetchOrder)
child._limit(ask)
child.confine(child._allowed(ask, FetchLimits(AllowedHosts(tuple(ask.hosts)), ask.bounds)))
staging = pathlib.Path(ask.staging)
tried = {}
def attempt(name, what):
    try:
        what()
        tried[name] = "possible"
    except OSError:
        tried[name] = "refused"
"""
COMMIT = "1" * 40
NETWORK_SINCE = 4
ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = make_repository(tmp_path / "repository")
    commit(path, {"a.yaml": "a: 1\n"})
    return path


def packed(repository: Path, tip: str) -> Path:
    """A pack of all that a commit has."""
    target = repository.parent / f"{tip}.pack"
    done = subprocess.run(
        ["git", "pack-objects", "--revs", "--stdout", "--quiet"],
        cwd=repository,
        input=f"{tip}\n".encode(),
        capture_output=True,
        check=True,
    )
    target.write_bytes(done.stdout)
    return target


def brought_by(
    fetching: Fetching, script: str, version: str = COMMIT, limits: SessionLimits | None = None
) -> FetchResult:
    """What is believed of what a process does."""
    taken_over = replace(
        fetching, launch=_BEGIN + script, limits=limits or SessionLimits(seconds=30)
    )
    with taken_over.session(frozenset()) as session:
        (brought,) = session.fetch([_reference(fetching, version)])
    assert fetching.store is not None
    assert list((fetching.store / "1" / "staging").iterdir()) == []
    return brought


def _reference(fetching: Fetching, version: str) -> SourceReference:
    return SourceReference("git", f"{fetching.hosts[0]}/team/base", version)


def copying(pack: Path, tip: str) -> str:
    return (
        f"(folder / 'fetched.pack').write_bytes(open({str(pack)!r}, 'rb').read())\n"
        f"say(resolved={tip!r}, digest={tip!r}, tip={tip!r})\n"
    )


def test_an_honest_pack_is_taken_over(fetching: Fetching, repository: Path) -> None:
    """So that what the other tests show is not that nothing is ever taken."""
    tip = git(repository, "rev-parse", "HEAD")
    brought = brought_by(fetching, copying(packed(repository, tip), tip), tip)
    assert (brought.status, list(brought.files)) == ("fetched", ["a.yaml"])


def test_another_commit_than_the_one_asked_for_is_not_taken(
    fetching: Fetching, repository: Path
) -> None:
    tip = git(repository, "rev-parse", "HEAD")
    brought = brought_by(fetching, copying(packed(repository, tip), tip))
    assert brought == FetchResult("failed", message="the fetching process sent an invalid result")


def test_a_pack_without_the_commit_is_not_taken(fetching: Fetching, repository: Path) -> None:
    pack = packed(repository, git(repository, "rev-parse", "HEAD"))
    assert brought_by(fetching, copying(pack, COMMIT)).status == "failed"


def test_a_pack_that_is_cut_off_is_not_taken(fetching: Fetching, repository: Path) -> None:
    tip = git(repository, "rev-parse", "HEAD")
    pack = packed(repository, tip)
    pack.write_bytes(pack.read_bytes()[:-30])
    assert brought_by(fetching, copying(pack, tip), tip) == FetchResult(
        "failed", message="the fetched repository is incomplete"
    )


def test_a_link_out_of_the_folder_is_not_followed(fetching: Fetching, repository: Path) -> None:
    tip = git(repository, "rev-parse", "HEAD")
    script = (
        f"(folder / 'fetched.pack').symlink_to({str(packed(repository, tip))!r})\n"
        f"say(resolved={tip!r}, digest={tip!r}, tip={tip!r})\n"
    )
    assert brought_by(fetching, script, tip) == FetchResult(
        "failed", message="the fetching process left no pack"
    )


@pytest.mark.parametrize(
    "kind", ["os.mkfifo(folder / 'fetched.pack')", "(folder / 'fetched.pack').mkdir()"]
)
def test_what_is_no_file_is_not_waited_for(fetching: Fetching, kind: str) -> None:
    script = f"{kind}\nsay(resolved={COMMIT!r}, digest={COMMIT!r}, tip={COMMIT!r})\n"
    assert brought_by(fetching, script).status in {"failed", "limit"}


def tree_of(repository: Path, *entries: tuple[str, str, str]) -> str:
    """A tree as nobody's git would write it: mode, name and id of each entry."""
    data = b"".join(
        f"{mode} {name}".encode() + b"\0" + bytes.fromhex(found) for mode, name, found in entries
    )
    return hashed(repository, "tree", data)


def hashed(repository: Path, kind: str, data: bytes) -> str:
    done = subprocess.run(
        ["git", "hash-object", "-t", kind, "-w", "--literally", "--stdin"],
        cwd=repository,
        input=data,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


def committed(repository: Path, tree: str) -> str:
    return git(repository, "commit-tree", "-m", "x", tree)


@pytest.mark.parametrize("name", ["..", ".", ".git", ".GIT"])
def test_a_path_that_leads_elsewhere_is_not_taken(
    fetching: Fetching, repository: Path, name: str
) -> None:
    blob = hashed(repository, "blob", b"x")
    tip = committed(repository, tree_of(repository, ("100644", name, blob)))
    brought = brought_by(fetching, copying(packed(repository, tip), tip), tip)
    assert brought == FetchResult(
        "failed", message="the fetched repository contains an invalid path"
    )


def test_a_path_twice_is_not_taken(fetching: Fetching, repository: Path) -> None:
    blobs = [hashed(repository, "blob", data) for data in (b"x", b"y")]
    tree = tree_of(repository, *(("100644", "a", blob) for blob in blobs))
    tip = committed(repository, tree)
    brought = brought_by(fetching, copying(packed(repository, tip), tip), tip)
    assert brought == FetchResult("failed", message="the fetched repository contains a path twice")


def test_few_trees_that_list_endlessly_many_files_are_a_limit(
    fetching: Fetching, repository: Path
) -> None:
    """Ten in ten in ten, twelve levels deep: a pack of some kilobytes."""
    below = tree_of(repository, ("100644", "a", hashed(repository, "blob", b"x")))
    for _ in range(12):
        below = tree_of(repository, *(("40000", str(number), below) for number in range(10)))
    tip = committed(repository, below)
    brought = brought_by(fetching, copying(packed(repository, tip), tip), tip)
    assert brought == FetchResult(
        "limit", message="the fetched repository has more than 50,000 files"
    )


def test_what_is_named_as_another_content_is_named_by_its_own(
    fetching: Fetching, repository: Path
) -> None:
    """An index of the pack that maps ids to other contents is not taken over: git makes its own."""
    tip = git(repository, "rev-parse", "HEAD")
    script = (
        "info = folder / 'repository' / 'objects' / 'info'\ninfo.mkdir(parents=True)\n"
        f"(info / 'alternates').write_text({str(repository)!r})\n"
        "(folder / 'repository' / 'config').write_text('[core]\\nfsmonitor = touch /tmp/x\\n')\n"
        + copying(packed(repository, tip), tip)
    )
    assert brought_by(fetching, script, tip).status == "fetched"
    assert fetching.store is not None
    (entry,) = (fetching.store / "1" / "entries").iterdir()
    assert not (entry / "objects" / "info" / "alternates").exists()
    assert "fsmonitor" not in (entry / "config").read_text("utf-8")


@pytest.mark.parametrize(
    "script",
    [
        "",
        "os.write(1, b'nonsense\\n')",
        'os.write(1, b\'{"item": 7, "status": "fetched"}\\n\')',
        'os.write(1, b\'{"item": 0, "status": "elsewhere"}\\n\')',
        "say(resolved='../../x', digest='x', tip='x')",
        "say()",
        "say(status='stored', resolved='2' * 40)",
        "os.write(1, b'x' * 10)\nos.kill(os.getpid(), 9)",
        "(folder / 'fetched.pack').write_bytes(b'x')\nos.kill(os.getpid(), 9)",
        f"(folder / 'fetched.pack').touch()\nsay(resolved='{COMMIT}', digest='{COMMIT}')",
        f"(folder / 'fetched.pack').touch()\nsay(digest='{COMMIT}', tip='{COMMIT}')",
        "say(status='stored', resolved='../../entries')",
        "os.write(1, b'x' * 3_000_000)",
        "sys.exit(3)",
    ],
)
def test_nonsense_and_death_are_failures(fetching: Fetching, script: str) -> None:
    brought = brought_by(fetching, script)
    assert (brought.status, brought.files) == ("failed", {})
    assert fetching.store is not None
    assert list((fetching.store / "1" / "entries").iterdir()) == []


def test_a_message_is_short_and_can_be_shown(fetching: Fetching) -> None:
    script = "say(status='failed', message='a\\n\\x1b[31mb' + 'c' * 10_000)"
    assert brought_by(fetching, script) == FetchResult("failed", message="a[31mb" + "c" * 394)


def test_who_fills_the_disk_is_ended(fetching: Fetching) -> None:
    script = (
        "held = open(folder / 'x', 'wb')\n"
        "while True:\n    held.write(bytes(1 << 20)); held.flush(); time.sleep(0.01)\n"
    )
    limits = SessionLimits(seconds=60, staged=16 * MEBIBYTE)
    assert brought_by(fetching, script, limits=limits) == FetchResult(
        "limit", message="it is larger than allowed"
    )


def test_what_it_started_ends_with_it(fetching: Fetching, tmp_path: Path) -> None:
    script = (
        "import subprocess\n"
        "held = subprocess.Popen(['sleep', '1000'])\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(held.pid))\n"
        "time.sleep(1000)\n"
    )
    brought = brought_by(fetching, script, limits=SessionLimits(seconds=3))
    assert brought == FetchResult("limit", message="it took longer than 3 seconds", passing=True)
    started = int((tmp_path / "pid").read_text("ascii"))
    state = Path(f"/proc/{started}/stat")
    assert ends(state)


def ends(state: Path) -> bool:
    """Whether a process that was told to end does: it is gone, or waits for whoever adopted it."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if state.read_text("ascii").split()[2] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        os.sched_yield()
    return False


def confined(fetching: Fetching, attempts: Mapping[str, str]) -> Mapping[str, str]:
    """Which of these a confined process can do."""
    tries = "".join(f"attempt({name!r}, lambda: {code})\n" for name, code in attempts.items())
    told = (
        "said = {'item': 0, 'status': 'failed', 'message': json.dumps(tried)}\n"
        "os.write(1, json.dumps(said).encode())"
    )
    how = replace(fetching, launch=f"{_CONFINED}{tries}{told}\n")
    with how.session(frozenset()) as session:
        (brought,) = session.fetch([_reference(fetching, COMMIT)])
    found: Mapping[str, str] = json.loads(brought.message)
    return found


@pytest.mark.skipif(
    sandbox_state().landlock < NETWORK_SINCE, reason="this kernel's Landlock knows no network"
)
def test_a_confined_process_reaches_its_folder_and_who_it_asks(
    fetching: Fetching, server: Server, other: Server, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("x", "ascii")
    port, another = (int(held.host.partition(":")[2]) for held in (server, other))
    found = confined(
        fetching,
        {
            "write": "(staging / 'x').write_text('x')",
            "ask": f"socket.create_connection(('127.0.0.1', {port}))",
            "git": "os.posix_spawn('/usr/bin/git', ['git', 'version'], {}, "
            "file_actions=[(os.POSIX_SPAWN_OPEN, 1, '/dev/null', os.O_WRONLY, 0)])",
            "another port": f"socket.create_connection(('127.0.0.1', {another}))",
            "read": f"open({str(tmp_path / 'secret')!r})",
            "accounts": "open('/etc/passwd')",
            "checkout": f"open({str(ROOT / 'pyproject.toml')!r})",
            "environment": "open(f'/proc/{os.getppid()}/environ')",
            "beside": f"open({str(tmp_path / 'mine')!r}, 'w')",
            "above": "(staging.parent / 'x').write_text('x')",
            "entries": "os.listdir(staging.parent.parent / 'entries')",
            "shell": "os.posix_spawn('/bin/sh', ['sh', '-c', 'true'], {})",
            "unix": "socket.socket(socket.AF_UNIX)",
            "raw": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
            "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
            "listen": "socket.create_server(('127.0.0.1', 0))",
            "namespace": "os.unshare(0x10000000)" if hasattr(os, "unshare") else "open('/')",
            "chroot": "os.chroot('/')",
        },
    )
    assert {name for name, what in found.items() if what == "possible"} == {"write", "ask", "git"}
    assert not (tmp_path / "mine").exists()


def test_a_user_without_any_privilege_fetches_all_the_same(
    server: Server, repository: Path, tmp_path: Path
) -> None:
    tip = git(repository, "rev-parse", "HEAD")
    shutil.copytree(repository / ".git", tmp_path / "served" / "base")
    server.git(tmp_path / "served")
    server.files({"/a.yaml": b"a: 1\n"})
    said = python(
        "import sys, tempfile, pathlib\n"
        "from bot.core.fetching import SourceReference\n"
        "from bot.fetch import Fetching\n"
        "url, tip = sys.argv[1:]\n"
        "wanted = [SourceReference('git', f'{url}/git/base', tip)]\n"
        "wanted += [SourceReference('file', f'{url}/a.yaml')]\n"
        # Its own interpreter has no environment by which to find what ours has found.
        "launch = f'import sys; sys.path[:0] = [sys.argv[1], *{sys.path}]\\n'\n"
        "launch += 'from bot.fetch.child import main; main()'\n"
        "with tempfile.TemporaryDirectory() as store:\n"
        "    how = Fetching(pathlib.Path(store), enabled=True, hosts=(url,), launch=launch)\n"
        "    with how.session(frozenset()) as session:\n"
        "        print([(it.status, *it.files) for it in session.fetch(wanted)])\n",
        server.url,
        tip,
        user=NOBODY,
    )
    assert said == "[('fetched', 'a.yaml'), ('fetched', 'a.yaml')]\n"


def test_its_environment_and_its_files_are_its_own(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", "x")
    held = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        how = replace(fetching, surroundings={"NO_PROXY": "*"})
        script = (
            "say(status='failed', message=json.dumps([sorted(os.environ), "
            "sorted(os.listdir('/proc/self/fd'))[:4], os.getcwd(), os.getsid(0) == os.getpid()]))"
        )
        brought = brought_by(how, script)
    finally:
        os.close(held)
    names, files, place, alone = json.loads(brought.message)
    assert (set(names) - {"LC_CTYPE"}, files, place, alone) == (
        {"NO_PROXY"},
        ["0", "1", "2", "3"],  # 3 is the listing itself
        "/",
        True,
    )


def test_it_is_told_the_reference_and_nothing_of_a_repository(fetching: Fetching) -> None:
    taken = replace(
        fetching, launch=_BEGIN + "say(status='failed', message=json.dumps(ask['items']))"
    )
    with taken.session(frozenset({"charts.example.com"})) as session:
        (brought,) = session.fetch([_reference(fetching, COMMIT)])
    item = {
        "folder": "0",
        "kind": "git",
        "url": f"{fetching.hosts[0]}/team/base",
        "version": COMMIT,
    }
    assert json.loads(brought.message) == [{**item, "name": "", "stored": []}]


def test_what_is_one_owners_is_not_told_to_anothers_process(
    fetching: Fetching, server: Server, other: Server
) -> None:
    script = _BEGIN + "say(status='failed', message=' '.join(it['url'] for it in ask['items']))"
    both = replace(fetching, hosts=(server.url, other.url), launch=script)
    wanted = [SourceReference("git", f"{held.url}/team/base", COMMIT) for held in (server, other)]
    with both.session(frozenset()) as session:
        found = session.fetch(wanted)
    assert [brought.message for brought in found] == [it.address for it in wanted]


def test_a_process_that_cannot_confine_itself_fetches_nothing(
    fetching: Fetching, server: Server
) -> None:
    launch = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from bot.fetch.child import main\n"
        "sys.modules['bot.sandbox.confine'].landlock_version = lambda: 0\n"
        "main()\n"
    )
    how = replace(fetching, launch=launch)
    with how.session(frozenset()) as session:
        (brought,) = session.fetch([_reference(fetching, COMMIT)])
    assert (brought, server.asked) == (
        FetchResult("unavailable", message="the sandbox is not complete on this machine"),
        [],
    )


def test_a_server_that_gives_another_commit_gives_nothing(
    fetching: Fetching, server: Server, repository: Path, tmp_path: Path
) -> None:
    first = git(repository, "rev-parse", "HEAD")
    second = commit(repository, {"b.yaml": "b: 1\n"})
    shutil.copytree(repository / ".git", tmp_path / "served" / "base")
    server.git(tmp_path / "served")
    honest = server.routes["/git/"]

    def other_commit(asked: Asked) -> Answer:
        return honest(replace(asked, body=asked.body.replace(first.encode(), second.encode())))

    wanted = SourceReference("git", f"{server.url}/git/base", first)
    server.routes["/git/"] = other_commit
    with fetching.session(frozenset()) as session:
        (brought,) = session.fetch([wanted])
    server.routes["/git/"] = honest
    with fetching.session(frozenset()) as session:
        (after,) = session.fetch([wanted])
    assert (brought.status, brought.files, after.status) == ("failed", {}, "fetched")


def test_a_service_that_is_killed_leaves_what_the_next_one_clears_away(
    fetching: Fetching, repository: Path, tmp_path: Path
) -> None:
    assert fetching.store is not None
    waiting = "(folder / 'x').touch()\nmine = os.getppid()\n"
    waiting += "while os.getppid() == mine:\n    time.sleep(0.1)\n"
    script = tmp_path / "service.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from bot.core.fetching import SourceReference\n"
        "from bot.fetch import Fetching\n"
        f"launch = {_BEGIN + waiting!r}\n"
        f"how = Fetching(Path({str(fetching.store)!r}), enabled=True, hosts={fetching.hosts!r}, "
        "launch=launch)\n"
        "with how.session(frozenset()) as session:\n"
        f"    session.fetch([SourceReference('git', {fetching.hosts[0] + '/a'!r}, {COMMIT!r})])\n",
        "utf-8",
    )
    service = subprocess.Popen([sys.executable, str(script)], env={"PYTHONPATH": str(ROOT)})
    staging = fetching.store / "1" / "staging"
    deadline = time.monotonic() + 60
    while not list(staging.glob("*/0/x")) and time.monotonic() < deadline:
        time.sleep(0.05)
    service.send_signal(signal.SIGKILL)
    service.wait()
    assert list(staging.iterdir()) != []
    tip = git(repository, "rev-parse", "HEAD")
    brought = brought_by(fetching, copying(packed(repository, tip), tip), tip)
    assert brought.status == "fetched"
