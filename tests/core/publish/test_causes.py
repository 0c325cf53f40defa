"""One mistake is one row and one thread, however many findings it brings about."""

from __future__ import annotations

from dataclasses import replace

from bot.core.engine.review import Location, ResourceReference
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from bot.core.publish.causes import ReportedCause, causes, on_one_line
from bot.core.publish.operations import ChangedFile, Posted, PostReview
from bot.core.publish.plan import plan
from tests.reviews import decided, finding

PORT = finding("network-policy-service-port", message="The policy names the Service's port")
BLOCKED = finding(
    "service-blocked-by-network-policy", message="Traffic to shop/api is blocked", fingerprint="b1"
)
POSTED = Posted("fairlead[bot]")
FILES = [ChangedFile("apps/api.yaml", "@@ -12 +12 @@\n-a\n+b")]


def test_two_rules_on_one_line_are_one_cause() -> None:
    assert causes([PORT, BLOCKED]) == (ReportedCause(PORT, also=(BLOCKED,)),)


def test_findings_of_one_rule_on_one_line_are_two_mistakes() -> None:
    other = replace(PORT, message="The policy opens a port to everybody", fingerprint="c")

    assert causes([PORT, other]) == (ReportedCause(PORT), ReportedCause(other))


def test_one_base_that_is_built_for_three_namespaces_is_one_cause() -> None:
    built = [
        replace(
            finding("image-tag-mutable", message=f"Service {space}/api runs 'a:latest'"),
            resource=ResourceReference("", "Service", space, "api"),
            fingerprint=space,
        )
        for space in ("one", "two", "three")
    ]
    review = decided(*built)

    assert causes(built) == (ReportedCause(built[0], alike=tuple(built[1:])),)
    assert causes([*built, BLOCKED]) == (
        ReportedCause(built[0], also=(BLOCKED,), alike=tuple(built[1:])),
    )
    operations = plan(review, Policy(), POSTED, FILES)
    (comment,) = next(held.comments for held in operations if isinstance(held, PostReview))
    assert all(f"id `{space}`" in comment.body for space in ("two", "three"))


def test_one_role_that_is_built_for_three_accounts_is_one_cause() -> None:
    built = [
        finding(
            "rbac-privilege-added",
            message=f"ServiceAccount ci/{name}-robot can now read every Secret in namespace ci",
            fingerprint=name,
        )
        for name in ("one", "two", "three")
    ]

    assert causes(built) == (ReportedCause(built[0], alike=tuple(built[1:])),)


def test_images_that_differ_in_their_names_alone_are_alike() -> None:
    moved = [
        replace(
            finding(
                "image-tag-mutable", line=line, message=f"It runs r.io/{name}:latest in {name}"
            ),
            facts={"image": f"r.io/{name}:latest", "container": name},
        )
        for line, name in enumerate(("api", "web"), 1)
    ]

    carried = replace(
        moved[0],
        location=Location("apps/api.yaml", 3, "RIGHT"),
        message=moved[0].message + " (inside TriggerTemplate/ci/nightly)",
        fingerprint="c",
    )
    other = replace(
        carried,
        location=Location("apps/api.yaml", 4, "RIGHT"),
        message=moved[0].message + " (inside TriggerTemplate/ci/weekly)",
    )

    assert causes(moved) == (ReportedCause(moved[0], alike=(moved[1],)),)
    assert causes([carried, other]) == (ReportedCause(carried, alike=(other,)),)


def test_what_a_version_brings_does_not_share_a_thread() -> None:
    moved = [replace(held, moved="chart 1 -> 2") for held in (PORT, BLOCKED)]

    assert on_one_line(moved) == {}


def test_a_line_with_many_findings_is_not_their_cause() -> None:
    many = [replace(PORT, rule=f"rule-{number}") for number in range(4)]

    assert on_one_line(many) == {}


def test_findings_that_differ_in_names_and_numbers_alone_are_alike() -> None:
    pods = [
        finding("image-tag-mutable", line=number, message=f"Service shop/api runs 'a:{number}'")
        for number in (1, 2, 3)
    ]
    worse = replace(pods[0], severity=Severity.WARNING)

    assert causes([*pods, worse]) == (
        ReportedCause(pods[0], alike=tuple(pods[1:])),
        ReportedCause(worse),
    )
    assert [cause.size for cause in causes(pods)] == [3]


def test_another_message_is_another_cause() -> None:
    one, other = finding(line=1, message="It runs as root"), finding(line=2, message="It is open")

    assert causes([one, other]) == (ReportedCause(one), ReportedCause(other))


def test_two_rules_for_one_mistake_get_one_thread() -> None:
    operations = plan(decided(PORT, BLOCKED), Policy(), POSTED, FILES)

    (posted,) = (held for held in operations if isinstance(held, PostReview))
    assert [(held.line, held.fingerprint) for held in posted.comments] == [(12, PORT.fingerprint)]
    assert all(held.rule in posted.comments[0].body for held in (PORT, BLOCKED))


def test_pods_that_differ_in_labels_and_namespace_alone_are_alike() -> None:
    """As where a change removes the network policies of many namespaces."""
    opened = [
        finding(
            "connectivity-widened",
            line=line,
            message=f"Anything can now reach pods with app={name},tier=web in namespace {name}",
            fingerprint=name,
        )
        for line, name in enumerate(("shop", "bank"), 1)
    ]

    assert causes(opened) == (ReportedCause(opened[0], alike=(opened[1],)),)
