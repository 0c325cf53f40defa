"""Small worlds for tests: texts into states and trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha1

from bot.analysis.examine import MemoryBlobs, Question
from bot.analysis.manifests import ReadManifests
from bot.core.policy.model import Policy
from bot.core.reading import read_manifest
from bot.core.rendering import declare_nothing
from bot.core.state import State
from bot.core.states import States, build_state, states_of
from bot.core.tree import File, Tree
from bot.kubernetes.gitops import Declarations


def world(*texts: str, policy: Policy | None = None) -> State:
    """The state of one environment that holds these manifests."""
    manifests = {
        f"{number}.yaml": (f"{number:040x}", read_manifest(text.encode()))
        for number, text in enumerate(texts)
    }
    return build_state(manifests, policy or Policy())


@dataclass(frozen=True, slots=True)
class Link:
    """A symlink to this target."""

    target: str


@dataclass(frozen=True, slots=True)
class Submodule:
    """A submodule at this commit."""

    commit: str


Files = Mapping[str, str | Link | Submodule]


@dataclass(slots=True)
class Grove:
    """Two trees that are made of texts, and what their files hold."""

    base: Files
    head: Files
    blobs: dict[str, bytes] = field(default_factory=dict)

    def question(self, policy: Policy | None = None, namespace: str = "default") -> Question:
        """The two trees as an analysis takes them."""
        trees = (self._tree(self.base), self._tree(self.head))
        return Question(*trees, policy or Policy(), namespace)

    def content(self) -> ReadManifests:
        """What the files hold."""
        return ReadManifests(MemoryBlobs(self.blobs))

    def states(
        self, policy: Policy | None = None, namespace: str = "default", *, gitops: bool = False
    ) -> States:
        """The states of the two trees; `gitops`: with the roots that objects declare."""
        asked = self.question(policy, namespace)
        content = self.content()
        return states_of(
            asked.base,
            asked.head,
            content,
            asked.policy,
            namespace=asked.namespace,
            declare=Declarations(content) if gitops else declare_nothing,
        )

    def _tree(self, files: Files) -> Tree:
        return {path: self._file(held) for path, held in sorted(files.items())}

    def _file(self, held: str | Link | Submodule) -> File:
        if isinstance(held, Submodule):
            return File("160000", held.commit, 0)
        data = (held.target if isinstance(held, Link) else held).encode()
        blob = sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        self.blobs[blob] = data
        return File("120000" if isinstance(held, Link) else "100644", blob, len(data))


def resource(
    kind: str, name: str, *more: str, namespace: str | None = None, api: str = "v1"
) -> str:
    """A manifest of one resource; `more` are further lines."""
    place = f", namespace: {namespace}" if namespace else ""
    lines = (f"apiVersion: {api}", f"kind: {kind}", f"metadata: {{name: {name}{place}}}", *more)
    return "\n".join(lines) + "\n"
