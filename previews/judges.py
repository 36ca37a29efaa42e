"""Which files of a change are those that judge changes: a pull request may weaken its own judge."""

from __future__ import annotations

from collections.abc import Iterable

FOLDERS = ("policies/", "previews/", "model/", "scripts/", "sandbox/", "prices/", "docs/dr-tests/", ".github/", ".ci/")
FILES = frozenset({"requirements.lock", "pyproject.toml", "Makefile", "setup.py", "conftest.py", "sitecustomize.py"})


def judges(paths: Iterable[str]) -> tuple[str, ...]:
    """Those of `paths`, relative to the repository, that have a part in the judgement; sorted, each once."""
    given = {path.strip().strip('"') for path in paths}
    return tuple(sorted(path for path in given if path.startswith(FOLDERS) or path in FILES))
