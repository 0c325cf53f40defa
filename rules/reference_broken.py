"""See reference_broken.md."""

from collections.abc import Iterator

from bot.core.finding import Finding, Related, Severity
from bot.core.resource import GroupKind
from bot.core.state import State
from bot.core.words import first_of
from bot.kubernetes import kinds
from bot.kubernetes.authority.refused_syncs import refused_syncs
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.references import PROVIDERS
from bot.kubernetes.workloads.references_broken import Broken, broken_references
from bot.kubernetes.workloads.template_paths import TEMPLATED

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = (
    *PROVIDERS,
    *TEMPLATED,
    kinds.APP_PROJECT,
    *kinds.APPLICATIONS,
)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from refused_syncs(before, after)
    for broken in broken_references(before, after):
        fatal = any(user.fatal for user in broken.users)
        names = [str_of(user.node.resource) for user in broken.users]
        users = list(dict.fromkeys(names))
        end = "needs it to start" if fatal else "pulls its images with it"
        end = end.replace("needs", "need").replace("pulls its", "pull their") if users[1:] else end
        related = tuple(Related(user.node, "refers to it") for user in broken.users[:10])
        yield Finding(
            broken.place,
            f"{_what(broken)} is gone, and {first_of(users, 1)} still {end}",
            SEVERITY if fatal else Severity.WARNING,
            f"{broken.target}",
            {"object": f"{broken.target}"},
            "LEFT",
            related,
        )


def _what(broken: Broken) -> str:
    space = f"{broken.target.namespace}/" if broken.target.namespace else ""
    whole = f"{broken.target.kind} {space}{broken.target.name}"
    return f"Key {escaped(broken.entry)} of {whole}" if broken.entry else whole
