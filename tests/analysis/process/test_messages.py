"""What parent and child say to each other."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import msgpack

from bot.analysis.process.messages import (
    HEADER,
    Rest,
    Start,
    decode_message,
    decode_rest,
    decode_start,
    frame,
)
from bot.analysis.process.packing import changed_tree, pack_tree, tree_change, unpack_tree
from bot.core.policy.model import Policy
from bot.core.policy.reading import parse_policy
from bot.core.tree import File, Tree
from bot.errors import AnalysisError

POLICY = """\
version: 1
mode: observe
block: warning
ignore: [vendor/**]
environments:
- {name: production, paths: [live/**], kubernetes: "1.33", default-namespace: team}
images: {approved: [registry.example.com], require-digest: true}
rules: {some-rule: off, other-rule: {severity: error, level: 3}}
waivers: [{rule: some-rule, reason: because, expires: 2027-03-31}]
"""


@pytest.mark.parametrize("policy", [Policy(), parse_policy(POLICY)])
def test_a_question_arrives_as_it_was_asked(policy: Policy) -> None:
    tree = {"a b/ä.yaml": File("100644", "0" * 40, 5), "link": File("120000", "1" * 40, 1)}
    sent = frame(
        Start(
            base=pack_tree(tree),
            policy=policy,
            namespace="default",
            rules=("one",),
            require_sandbox=True,
        )
    )

    found = decode_start(sent[HEADER.size :])

    assert (unpack_tree(found.base), found.rules, found.policy) == (tree, ("one",), policy)


_TREES = st.dictionaries(
    st.text("ab/.ä-", min_size=1, max_size=4),
    st.builds(File, st.just("100644"), st.sampled_from(["0" * 40, "1" * 40]), st.just(1)),
    max_size=6,
)


@given(_TREES, _TREES, st.booleans())
def test_head_arrives_as_it_differs_from_base(base: Tree, head: Tree, by_path: bool) -> None:  # noqa: FBT001
    """Whatever the order of its paths."""
    if by_path:
        head = dict(sorted(head.items(), key=lambda item: item[0].encode()))
    changed, *rest = tree_change(base, head)
    found = decode_rest(frame(Rest(pack_tree(changed), *rest))[HEADER.size :])

    arrived = changed_tree(base, unpack_tree(found.changed), found.gone, found.order)

    assert list(arrived.items()) == list(head.items())
    assert all(arrived[path] is base[path] for path in head if base.get(path) == head[path])
    assert found.order == [] or not by_path or list(base) != sorted(base, key=str.encode)


def test_the_policy_of_this_test_is_not_the_default() -> None:
    policy = parse_policy(POLICY)

    assert (policy.waivers[0].expires, policy.rule("some-rule").off) == (date(2027, 3, 31), True)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(AnalysisError):
        decode_message(data)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["AnalysisAnswer", "Want", "Failed", "Uses", "FetchRequest"]),
    st.dictionaries(st.text(max_size=9), VALUES),
)
def test_a_message_of_other_fields_is_refused_or_whole(
    kind: str, fields: dict[str, object]
) -> None:
    with contextlib.suppress(AnalysisError):
        assert type(decode_message(msgpack.encode({"type": kind} | fields))).__name__ == kind


def test_nesting_without_end_is_refused() -> None:
    nested = b"\x91" * 200_000 + b"\xc0"
    body = msgpack.encode({"type": "AnalysisAnswer"})[:-1] + b"\xaeAnalysisAnswer" + nested

    with pytest.raises(AnalysisError):
        decode_message(body)
