"""Numbers as people read them, for what a cloud says that it holds."""

from __future__ import annotations


def counted(number: int, what: str) -> str:
    """`1 object version`, `2 object versions`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def size(number: int) -> str:
    """`0 B`, `1.2 MiB`."""
    value, units = float(number), ("B", "KiB", "MiB", "GiB", "TiB")
    for unit in units:
        if value < 1024 or unit == units[-1]:
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError
