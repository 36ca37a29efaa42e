"""What only the user's own application can do in a recovery, as a command that runs where one of its services runs."""

from typing import Annotated, Literal

from .acceptance import Bound, Command
from .base import Flag, Model, Name, form
from .durations import parse_duration

RunAs = Literal["service", "migration"]
"""The login that a command has to the stores: that of what serves, or that of the service's migrations."""

HookName = Annotated[str, form(r"^[a-z][a-z0-9_]*$", "the name of a hook such as read_only_on", longest=32)]

RUN_IN: dict[str, str] = {
    "read_only_on": "a restore, before writes are stopped",
    "migrate": "a restore, when the restored databases take writes",
    "read_only_off": "a restore, when the restored databases take writes",
    "roll_back_migration": "a rollback of its service, before the earlier version runs again",
    "log_more": "a containment, at its start",
    "revoke_api_keys": "a containment, at its start, and the answer to a compromise, when the clean site takes writes",
}
"""The hooks that a runbook runs, and when. Every other one is run by hand: `dr hook NAME`."""


class Hook(Model):
    """
    `command` runs once in a job of its own, with the image, the environment and the secrets of `service`, or of its
    migration where it changes tables (`login`). It is ended when it takes longer than `timeout`. `may_stop`: a run goes
    no further when it fails; else the failure is said.
    """

    service: Name
    login: RunAs = "service"
    command: Command
    timeout: Bound = parse_duration("5m")
    may_stop: Flag = True
