"""Who is told, who must agree, where data may lie, when it is rehearsed, and which rules are waived until when."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from .base import Model, Region, Text, form
from .durations import Duration, PositiveDuration

Role = Annotated[str, form(r"^[a-z](_?[a-z0-9])*$", "a role such as incident_commander", longest=40)]
RuleId = Annotated[str, form(r"^DR-[A-Z0-9]+-[0-9]{3}$", "a rule such as DR-RET-001", longest=40)]


Decision = Literal[
    "planned_move",
    "override_fencing",
    "give_up_old_copy",
    "declare_clean",
    "delete_data",
    "accept_data_loss",
    "repair_lease",
    "change_stacks",
    "run_hook",
    "import_data",
    "roll_back_service",
]
"""What a person decides besides the disaster, each with approvals of its own."""
Person = Annotated[
    str, form(r"^[A-Za-z][A-Za-z0-9 .'@+_-]*$", "a name or an address of a person in Latin letters", longest=80)
]


class Residency(Model):
    """Data of the system may lie in these regions only."""

    allowed_regions: Annotated[tuple[Region, ...], Field(min_length=1)]


class Contact(Model):
    """`channel` is `env:VARIABLE`, which holds the address at run time: addresses often carry a token."""

    role: Role
    channel: Annotated[str, form(r"^env:[A-Z][A-Z0-9_]*$", "a channel such as env:DR_NOTIFY_SRE", longest=80)]


class Escalation(Model):
    """Whom to tell when the disaster has lasted `after`."""

    after: Duration
    notify: Annotated[tuple[Role, ...], Field(min_length=1)]


class Drills(Model):
    """A drill older than `every` is overdue."""

    every: PositiveDuration


class Waiver(Model):
    """A rule that is knowingly broken, by whom and until when (the last valid day, UTC)."""

    rule: RuleId
    reason: Text
    owner: Role
    expires: dt.date
    resource: Text | None = None
