"""Options that several commands share, so that they are called and explained the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scripts.core.output import Form

if TYPE_CHECKING:
    from components.spec import Plan

PlanName = Annotated[
    str, typer.Option("--plan", envvar="DR_PLAN", help="the plan: a system's name (plans/NAME.yaml) or a path")
]
Format = Annotated[Form, typer.Option("--format", help="how to write the result")]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask: for machines")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="show what would be done, and change nothing")]
ApprovedBy = Annotated[list[str] | None, typer.Option("--approved-by", help="who agreed; once for each person")]
DEFAULT_PLAN = "samia"


def plan_of(name: str) -> Plan:
    """Raises components.spec.PlanError, with every mistake."""
    from components.spec import load_plan  # noqa: PLC0415  (pydantic is not needed for --help)

    return load_plan(name)
