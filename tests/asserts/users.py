"""Acts as another user of this machine, for tests of what such a one can reach."""

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest

STRANGER = 54321
"""A number that no account of the machine has."""
NOBODY = 65534


def as_user(uid: int, act: Callable[[], Any]) -> Any:
    """
    What `act` gives back (as JSON) in a child process of user `uid`. An exception of it is raised as RuntimeError.

    Skips the test where this process may not become another user.
    """
    if os.geteuid() != 0:
        pytest.skip("only root can act as another user of this machine")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        said: dict[str, Any] = {}
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            said["value"] = act()
        except BaseException as error:  # noqa: BLE001 - shown by the parent
            said["error"] = f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
        finally:
            with os.fdopen(writing, "w") as out:
                json.dump(said, out)
            sys.stdout.flush()
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = json.load(answer)
    os.waitpid(child, 0)
    if "error" in said:
        raise RuntimeError(said["error"])
    return said["value"]
