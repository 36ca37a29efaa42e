"""Options that several commands share, so that they are called and explained the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scripts.core.errors import BadInput
from scripts.people.output import Form

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from model import Plan

PlanName = Annotated[
    str, typer.Option("--plan", envvar="DR_PLAN", help="the plan: a system's name (plans/NAME.yaml) or a path")
]
Format = Annotated[Form, typer.Option("--format", help="how to write the result")]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask: for machines")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="show what would be done, and change nothing")]
ApprovedBy = Annotated[list[str] | None, typer.Option("--approved-by", help="who agreed; once for each person")]
Incident = Annotated[str, typer.Option("--incident", help="the incident's number, for the record")]
Commander = Annotated[str, typer.Option("--commander", help="who commands the incident, for the record")]
GiveUpDifferences = Annotated[
    int,
    typer.Option(
        "--give-up-differences", min=0,
        help="give up at most so many differences that only an old copy holds; `dr divergence show` lists them",
    ),
]  # fmt: skip
GiveUpOldCopy = Annotated[
    bool, typer.Option("--give-up-old-copy", help="give an old copy up although not all of it could be looked into")
]
GiveUpUnlogged = Annotated[
    bool, typer.Option("--give-up-unlogged", help="the rows of unlogged tables, which no copy has, may be lost")
]
Stores = Annotated[
    list[str] | None, typer.Option("--store", help="only this store; once for each, and without it all of them")
]
DEFAULT_PLAN = "samia"


def plan_of(name: str) -> Plan:
    """Raises model.PlanError, with every mistake."""
    from model import load_plan  # noqa: PLC0415  (pydantic is not needed for --help)

    return load_plan(name)


def known_site(plan: Plan, name: str, option: str = "") -> str:
    """The name of a site that the plan has. Raises BadInput, which names the option that it came with."""
    known = [site.name for site in plan.sites]
    if name not in known:
        where = f"{option}: " if option else ""
        raise BadInput(f"{where}{name!r} is not a site of {plan.system}", f"there is {', '.join(known)}")
    return name


def site_or_active(plan: Plan, named: str) -> str:
    """The site of a `--site`; without one the active site, as the settings name it. Raises BadInput."""
    from scripts.core.home import project_dir  # noqa: PLC0415  (settings are not needed for --help)
    from scripts.stacks.topology_files import read_topology  # noqa: PLC0415  (as above)

    return known_site(plan, named or read_topology(plan, project_dir()).active_site, "--site")


def known_stores(plan: Plan, named: Iterable[str] | None) -> tuple[str, ...]:
    """
    The stores of a `--store`, in the plan's order; nothing where none is named, which means all. Raises BadInput for
    one that the plan does not have, or that has no incarnations.
    """
    asked, known = set(named or ()), [each.name for each in plan.incarnated_stores]
    if unknown := sorted(asked.difference(known)):
        raise BadInput(
            f"--store: {plan.system} has no {', '.join(map(repr, unknown))} with backups of its own",
            f"there is {', '.join(known) or 'none'}",
        )
    return tuple(name for name in known if name in asked)


def caches_among(plan: Plan, named: Iterable[str] | None) -> tuple[tuple[str, ...], list[str] | None]:
    """
    The caches of a `--store`, in the plan's order (all where nothing is named), and the names that are left, None for
    all of them.
    """
    caches = [each.name for each in plan.refilled_stores]
    if not named:
        return tuple(caches), None
    return tuple(name for name in caches if name in named), [name for name in named if name not in caches]


def every_store(plan: Plan, named: Iterable[str] | None) -> tuple[str, ...]:
    """The same, where nothing that is named means every one."""
    return known_stores(plan, named) or tuple(each.name for each in plan.incarnated_stores)


def bound(text: str, option: str) -> timedelta:
    """How long something may take. Raises BadInput where nothing is said."""
    if (found := duration(text, option)) is None:
        raise BadInput(f"{option}: how long may it take?", "write it as 6h")
    return found


def duration(text: str, option: str) -> timedelta | None:
    """`15m` and the like; empty is None. Raises BadInput."""
    from model.durations import parse_duration  # noqa: PLC0415

    if not text:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise BadInput(f"{option}: {error}", "write it as 30s, 15m or 1h") from error
