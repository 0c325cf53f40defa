"""See reference_broken.md."""

from collections.abc import Iterator

from bot.core.finding import Finding, Related, Severity
from bot.core.resource import GroupKind
from bot.core.state import State
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import TEMPLATED, str_of
from bot.kubernetes.workloads.references import PROVIDERS
from bot.kubernetes.workloads.references_broken import Broken, broken_references

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = (*PROVIDERS, *TEMPLATED)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for found in broken_references(before, after):
        fatal = any(user.fatal for user in found.users)
        names = [str_of(user.node.resource) for user in found.users]
        users = list(dict.fromkeys(names))
        more = f" and {len(users) - 1} more" if len(users) > 1 else ""
        end = "needs it to start" if fatal else "pulls its images with it"
        end = end.replace("needs", "need").replace("pulls its", "pull their") if more else end
        related = tuple(Related(user.node, "refers to it") for user in found.users[:10])
        yield Finding(
            found.place,
            f"{_what(found)} is gone, and {users[0]}{more} still {end}",
            SEVERITY if fatal else Severity.WARNING,
            f"{found.target}",
            {"object": f"{found.target}"},
            "LEFT",
            related,
        )


def _what(found: Broken) -> str:
    space = f"{found.target.namespace}/" if found.target.namespace else ""
    whole = f"{found.target.kind} {space}{found.target.name}"
    return f"Key {escaped(found.entry)} of {whole}" if found.entry else whole
