"""Tables of two columns, laid out as the CLI does."""

from collections.abc import Sequence


def lines(header: tuple[str, str], rows: Sequence[tuple[str, str]], *, indent: int = 0) -> list[str]:
    """The lines of a table: a value of several lines goes on in its own column."""
    width = max(len(name) for name, _ in (header, *rows)) + 2
    pad = "\n" + " " * (indent + width)
    return [f"{'':{indent}}{name:<{width}}" + value.replace("\n", pad) for name, value in (header, *rows)]
