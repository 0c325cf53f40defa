"""What the API server refuses of an object, as the tools that apply it meet it."""

from __future__ import annotations

from dataclasses import replace

from bot.core.finding import Finding, Severity
from bot.core.resource import Node, route_text
from bot.kubernetes.apply.appliers import Applier
from bot.kubernetes.apply.refusals import RefusalCode
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class ApiFault:
    """A fault of an object at one of its fields.

    `nearest` is the name that was probably meant; `keyed` says that two items share a key.
    `is_guess` says that the release of the definition in the cluster is not known.
    """

    code: RefusalCode
    node: Node
    message: str
    nearest: str | None = None
    severity: Severity = Severity.ERROR
    keyed: bool = False
    is_guess: bool = False

    def finding(self) -> Finding:
        """The finding about the fault."""
        path = route_text(self.node.route)
        facts = {"code": self.code, "field": path, "nearest": self.nearest}
        return Finding(self.node, self.message, self.severity, f"{self.code}:{path}", facts)


def if_unlisted(fault: ApiFault) -> ApiFault:
    """The fault of a file that nothing applies, where objects declare what is applied.

    What takes the file in may add the fields that it lacks, as patches of a Flux Kustomization do.
    """
    if fault.code in ("REQUIRED", "CEL") and fault.is_guess:
        return replace(fault, severity=Severity.NOTICE)
    return fault


def as_applied(fault: ApiFault, ways: tuple[Applier, ...]) -> ApiFault | None:
    """The fault as the tools that apply the object meet it; None where none of them does.

    Where it is not known who applies it, the fault stays as it is.
    """
    if fault.keyed:
        way = next((way for way in ways if way.server_side), None)
        if not ways:
            return replace(fault, message=f"{fault.message}: a server-side apply refuses it")
        if way is None:
            return None
        message = f"{fault.message}: the server-side apply of {way.tool} refuses it"
        return replace(fault, message=message, severity=Severity.ERROR)
    is_dropped = fault.code == "UNKNOWN-FIELD" and ways and not any(way.is_strict for way in ways)
    if is_dropped and fault.severity == Severity.ERROR:
        message = f"{fault.message}; Argo CD drops it, because of Validate=false"
        return replace(fault, message=message, severity=Severity.WARNING)
    return fault
