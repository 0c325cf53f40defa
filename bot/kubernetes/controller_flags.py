"""The command-line flags of controllers, by the image that reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource
from bot.kubernetes.images.reference import parse_image
from bot.kubernetes.workloads.pods import pod_templates
from bot.patterns import pattern
from bot.records import dataclass

# Of Go's flag package and of pflag: https://pkg.go.dev/flag#hdr-Command_line_flag_syntax
_FLAG: Final = pattern(r"--?(?P<name>[A-Za-z][\w.-]*)(?:=(?P<value>.*))?")


@dataclass(frozen=True, slots=True)
class ControllerFlag:
    """A flag with its value, `true` where it has none, and the argument that sets it."""

    name: str
    value: str
    node: Node

    @property
    def is_on(self) -> bool:
        """Whether a boolean flag is set, as Go's `strconv.ParseBool` reads it."""
        return self.value in {"1", "t", "T", "TRUE", "true", "True"}


def controllers(resource: Resource) -> Iterator[tuple[str, Node]]:
    """The last part of the image's name of each container, and the container."""
    for template in pod_templates(resource):
        for container in template.containers:
            image = parse_image(container["image"].text or "")
            if image is not None:
                yield image.path.rpartition("/")[2], container


def flags_of(container: Node) -> Iterator[ControllerFlag]:
    """The flags in the order of the container's arguments; of one that is repeated, each."""
    arguments = [*container["command"].items(), *container["args"].items()]
    texts = [*(argument.text or "" for argument in arguments), ""]
    for argument, text, following in zip(arguments, texts, texts[1:], strict=False):
        match = _FLAG.fullmatch(text)
        if match is None:
            continue
        value = match["value"]
        if value is None:
            value = following if following and not following.startswith("-") else "true"
        yield ControllerFlag(match["name"], value, argument)
