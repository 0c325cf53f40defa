"""What a scalar is as the key of a mapping."""

from __future__ import annotations

import struct

from bot.core.reading.scalars import INTEGER, Scalar


def key_text(text: str, value: Scalar) -> str | None:
    """What sigs.k8s.io/yaml makes of a plain key that is no string, or None: it refuses it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return None
    plain = text.replace("_", "")
    if isinstance(value, int) and INTEGER.fullmatch(plain):
        return str(value) if value < 1 << 63 else None
    return float_key(float(plain))


def float_key(value: float) -> str:
    """A float as Go's FormatFloat(value, 'g', -1, 32) writes it."""
    try:
        single = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return ".inf" if value > 0 else "-.inf"
    text = next(
        rendered
        for precision in range(17)
        if struct.pack("<f", float(rendered := f"{single:.{precision}e}"))
        == struct.pack("<f", single)
    )
    mantissa, _, exponent = text.partition("e")
    power = int(exponent)
    if power < -4 or power >= 6:
        return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    digits = mantissa.replace(".", "").lstrip("-")
    sign = "-" if mantissa.startswith("-") else ""
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    whole, fraction = digits[: power + 1].ljust(power + 1, "0"), digits[power + 1 :]
    return f"{sign}{whole}{'.' + fraction if fraction else ''}"
