"""Where runs leave their files: DR_HOME, or `.dr` in the checkout."""

from __future__ import annotations

import os
from pathlib import Path

from scripts.core.errors import BadInput, Refused

CHECKOUT = Path(__file__).resolve().parents[2]


def project_dir() -> Path:
    """
    The folder with Pulumi.yaml and the stack files: DR_PROJECT, which the sandbox sets, else the checkout.

    Raises Refused where DR_SANDBOX names a world that was not entered: its stacks are not the checkout's.
    """
    project, world = os.environ.get("DR_PROJECT"), os.environ.get("DR_SANDBOX")
    if world and not (project and Path(project).resolve().is_relative_to(Path(world).resolve())):
        raise Refused(
            f"DR_SANDBOX names the world in {world}, and DR_PROJECT is not in it: {project or 'not set'}",
            'enter it with `eval "$(dr sandbox env)"`',
        )
    return Path(project or CHECKOUT)


def home() -> Path:
    return Path(os.environ.get("DR_HOME") or CHECKOUT / ".dr").absolute()


def folder(name: str) -> Path:
    """
    `<home>/<name>`, made when missing and readable by nobody else, as DR_HOME itself is. Raises BadInput where it
    cannot be made.
    """
    path = home() / name
    try:
        home().parent.mkdir(parents=True, exist_ok=True)
        for each in dict.fromkeys((home(), path)):
            each.mkdir(mode=0o700, exist_ok=True)
            if each.stat().st_uid == os.geteuid() and each.stat().st_mode & 0o077:
                each.chmod(0o700)  # made by an earlier version, or by hand: what runs hold is for their operators
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be made ({error.strerror})", "set DR_HOME to a folder that can be written"
        ) from error
    return path
