"""See secret_in_clear.md."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.naming import escaped
from bot.kubernetes.secrets import (
    SEALED_SECRET,
    Exposed,
    WiderSeal,
    exposed,
    template_secrets,
    wider_seal,
)
from bot.kubernetes.workloads.pods import str_of

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = (kinds.SECRET, SEALED_SECRET)
REACH = "environment"


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for sealed in changes(before, after, SEALED_SECRET):
        known = {node.route for node in template_secrets(sealed.before)}
        for node in template_secrets(sealed.after):
            if node.route not in known:
                message = (
                    f"{str_of(node.resource)} has {escaped(str(node.route[-1]))} in clear text"
                )
                yield Finding(node, f"{message} in its template, next to the encrypted data")
        wider = wider_seal(sealed.before, sealed.after)
        if wider is not None:
            intended = wider.resealed and not wider.everywhere
            severity = Severity.NOTICE if intended else Severity.WARNING
            yield Finding(wider.node, _seal(wider), severity, key="scope")
    for change in changes(before, after, kinds.SECRET):
        exposure = exposed(change.before, change.after, before) if change.after else None
        if exposure is not None:
            yield Finding(
                exposure.node, f"{str_of(exposure.secret)} {_why(exposure)}", key=exposure.cause
            )


def _seal(wider: WiderSeal) -> str:
    name = str_of(wider.node.resource)
    if not wider.resealed:
        return (
            f"{name} changes its scope but keeps its entries, which can then no longer be decrypted"
        )
    where = "any namespace" if wider.everywhere else "this namespace under another name"
    return f"{name} can be decrypted by anyone who copies it to {where}"


def _why(exposure: Exposed) -> str:
    match exposure.cause:
        case "sops gone":
            return "was encrypted with SOPS and is now in clear text"
        case "value decrypted":
            return "has an entry in clear text that was encrypted with SOPS"
        case "sealed before":
            sealed = exposure.old.key.kind if exposure.old else "SealedSecret"
            return f"is in clear text, and was a {sealed} before"
        case _:
            return "is in clear text, and every other Secret here is encrypted"
