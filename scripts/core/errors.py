"""
Everything that may go wrong, as one tree. Each error is two lines to the person and one exit code to the machine.

    DrError                     1  failed, state known
    ├── Interrupted             1  stopped by the operator at a row boundary; can be resumed
    ├── CheckFailed             1  a check of the plan failed that may stop a run
    ├── HandedBack              1  a planned switch was not sure in time: the old site serves as before
    ├── BadInput                2  bad usage or bad input, nothing changed
    ├── Refused                 3  a precondition does not hold, nothing changed
    │   ├── NotFenced           3  no evidence that the old writer has stopped
    │   └── LossTooGreat        3  more data at stake than the objective allows
    ├── Locked                  4  another run holds the lock
    ├── ApprovalMissing         5  nobody, or too few, said yes
    ├── EngineFailed            6  the Pulumi engine failed
    ├── ServiceFailed           7  a database or a cloud failed
    │   ├── DatabaseFailed      7
    │   └── CloudFailed         7
    ├── OutcomeUnknown          8  look before you retry
    └── ObjectiveMissed         9  done, but an objective was missed
        └── StillFailing        9  all that the run could do is done, and the service is not well

Durable steps store their errors, so each of them survives pickling with all that it says.
"""

from __future__ import annotations

from typing import ClassVar

from scripts.core.redaction import printable, redact

DONE = 0


class DrError(Exception):
    """`message` says what is wrong, `hint` what to do; both are one line. Neither may hold a secret."""

    exit_code: ClassVar[int] = 1
    ends_run_as: ClassVar[str] = ""
    """How a run has ended that this broke off, where nothing is left to go on with; empty: `dr resume` goes on."""
    default_hint: ClassVar[str] = "run the same command with --debug to see where it happened"

    # One positional argument and the rest in __dict__: this is what BaseException's own pickling restores.
    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = printable(" ".join(redact(message).split()))
        self.hint = printable(" ".join(redact(hint).split())) or self.default_hint

    def __str__(self) -> str:
        return self.message

    def lines(self) -> tuple[str, str]:
        """The two lines that a person gets."""
        return self.message, f"hint: {self.hint}"


class Interrupted(DrError):
    default_hint = "go on with `dr resume`"


class CheckFailed(DrError):
    default_hint = "mend what the check found, then go on with `dr resume`"


class HandedBack(DrError):
    ends_run_as = "handed back"
    default_hint = "mend what it names and begin again: the old site serves as before"


class BadInput(DrError):
    exit_code = 2
    default_hint = "see --help"


class Refused(DrError):
    exit_code = 3
    default_hint = "nothing was changed; look at `dr status`"


class NotFenced(Refused):
    default_hint = "wait until the writer lease has run out, or type the override that --help names"


class LossTooGreat(Refused):
    default_hint = "accept it by name, such as --accept-data-loss 15m"


class Locked(DrError):
    exit_code = 4
    default_hint = "wait for that run to end, or look at it with `dr journal`"


class ApprovalMissing(DrError):
    exit_code = 5
    default_hint = "type the confirmation, or pass --yes and --approved-by NAME"


class EngineFailed(DrError):
    exit_code = 6
    default_hint = "`dr preview` shows what the engine would do; a stale lock goes away with `pulumi cancel`"


class ServiceFailed(DrError):
    exit_code = 7
    default_hint = "look at `dr status`, then run the same command again"


class DatabaseFailed(ServiceFailed):
    pass


class CloudFailed(ServiceFailed):
    pass


class OutcomeUnknown(DrError):
    exit_code = 8
    default_hint = "look with `dr status` and `dr journal` before you try again"


class ObjectiveMissed(DrError):
    exit_code = 9
    default_hint = "`dr report` shows which objective was missed and where the time went"


class StillFailing(ObjectiveMissed):
    ends_run_as = "still failing"
    default_hint = "move the service where it is well: `dr failover`"


def exit_code_of(error: BaseException) -> int:
    """
    The exit code of any error: our own, the plan's and the topology's (which import nothing of scripts), Ctrl-C, or 1.
    """
    if isinstance(error, KeyboardInterrupt):
        return Interrupted.exit_code
    if isinstance(error, DrError):
        return error.exit_code
    return BadInput.exit_code if is_bad_plan(error) else DrError.exit_code


def is_bad_plan(error: BaseException | None) -> bool:
    """A PlanError or TopologyError: `model` names what is wrong, and knows nothing of exit codes."""
    return type(error).__module__.startswith("model")
