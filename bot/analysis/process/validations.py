"""The validations that a child asks for: checked, bounded, cached, made by the parent."""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec

from bot.analysis.process.cache import FactCache
from bot.analysis.process.renders import Renders
from bot.core.validation import ValidationRequest, ValidationResult
from bot.errors import AnalysisError
from bot.records import dataclass

_LARGEST: Final = 8 * 1024 * 1024
_LARGEST_ALL: Final = 192 * 1024 * 1024
_CACHED: Final = frozenset({"judged", "unknown"})

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_raw: Final = msgspec.json.Decoder(msgspec.Raw).decode
_decode: Final = msgspec.msgpack.Decoder(ValidationResult).decode


@dataclass(slots=True)
class ValidationRequests:
    """The validations of one review; cached results of one `tenant` are not used for another."""

    renders: Renders
    cache: FactCache
    tenant: str = ""
    tool: str = ""

    def validate_all(
        self, requests: Sequence[ValidationRequest]
    ) -> tuple[Sequence[ValidationResult], float]:
        """The result of each request, and the seconds that it took.

        Raises AnalysisError for a request that no honest child sends.
        """
        _check(requests)
        start = time.monotonic()
        binary = self.renders.find_validator()
        if binary is None or not requests:
            return [ValidationResult("unavailable")] * len(requests), 0.0
        keys = [self._key(request, str(binary)) for request in requests]
        results = self._cached(keys)
        missing = [place for place, key in enumerate(keys) if key not in results]
        if missing:
            program = self.renders.validator(binary)
            fresh = program.validate_all([requests[place] for place in missing])
            judged = {keys[place]: result for place, result in zip(missing, fresh, strict=True)}
            self.cache.put(
                {key: _encode(result) for key, result in judged.items() if result.status in _CACHED}
            )
            results.update(judged)
        self.tool = next((result.tool for result in results.values() if result.tool), self.tool)
        return [results[key] for key in keys], time.monotonic() - start

    def _key(self, request: ValidationRequest, tool: str) -> str:
        digest = sha256(f"{self.tenant}\0{tool}\0{request.minor}\0".encode())
        for part in (request.head, request.base, request.definition):
            digest.update(b"-" if part is None else sha256(part).digest())
        return f"{self.tenant}:validation:{digest.hexdigest()}"

    def _cached(self, keys: Sequence[str]) -> dict[str, ValidationResult]:
        results = {}
        for key, data in self.cache.get(list(dict.fromkeys(keys))).items():
            try:
                results[key] = _decode(data)
            except msgspec.MsgspecError:
                continue
        return results


def _is_object(data: bytes) -> bool:
    """Whether the data is one JSON object on one line, so that it cannot pose as another line."""
    if not data.startswith(b"{") or b"\n" in data or b"\r" in data:
        return False
    try:
        _decode_raw(data)
    except msgspec.MsgspecError:
        return False
    return True


def _check(requests: Sequence[ValidationRequest]) -> None:
    size = 0
    for request in requests:
        parts = (request.head, request.base or b"", request.definition or b"")
        if not all(map(_is_object, filter(None, parts))):
            raise AnalysisError("the analysis requested the validation of text that is not JSON")
        if any(len(part) > _LARGEST for part in parts):
            raise AnalysisError(
                "the analysis requested the validation of an object that is too large"
            )
        size += len(request.head) + len(request.base or b"")
    if size > _LARGEST_ALL:
        raise AnalysisError("the analysis requested the validation of too much at once")
