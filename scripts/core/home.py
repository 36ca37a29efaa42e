"""Where runs leave their files: DR_HOME, or `.dr` in the checkout."""

from __future__ import annotations

import os
from pathlib import Path

from scripts.core.errors import BadInput

CHECKOUT = Path(__file__).resolve().parents[2]


def project_dir() -> Path:
    """The folder with Pulumi.yaml and the stack files: DR_PROJECT (the sandbox sets it), else the checkout."""
    return Path(os.environ.get("DR_PROJECT") or CHECKOUT)


def home() -> Path:
    return Path(os.environ.get("DR_HOME") or CHECKOUT / ".dr").absolute()


def folder(name: str) -> Path:
    """`<home>/<name>`, made when missing. Raises BadInput where it cannot be made."""
    path = home() / name
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be made ({error.strerror})", "set DR_HOME to a folder that can be written"
        ) from error
    return path
