"""Who said yes, and to what. A critical decision may need more than one person: the plan says how many."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.core.errors import ApprovalMissing
from scripts.runs.lock import user

if TYPE_CHECKING:
    from model import Plan


@dataclass(frozen=True)
class Approval:
    """`by` holds each person once; `how` is typed or flag."""

    by: tuple[str, ...]
    how: str


def needed(plan: Plan, disaster: str) -> int:
    """How many people must agree; at least the operator."""
    approvals: dict[str, int] = dict(plan.approvals.items())
    return max(1, approvals.get(disaster, 1))


def ask(
    consequence: str,
    phrase: str,
    *,
    people: int = 1,
    yes: bool = False,
    approved_by: Sequence[str] = (),
    read: Callable[[str], str] = input,
) -> Approval:
    """
    Ask the operator to type `phrase`, having shown `consequence`; `yes` stands for that. The operator is one of
    `people`, the others are named in `approved_by`. Raises ApprovalMissing.
    """
    named = list(dict.fromkeys(name.strip() for name in approved_by if name.strip()))
    everybody = list(dict.fromkeys([user(), *named]))
    if len(everybody) < people:
        raise ApprovalMissing(
            f"{consequence}: {people} people must agree, and only {', '.join(everybody)} did",
            "name the others: --approved-by NAME, once for each",
        )
    if yes:
        return Approval(tuple(everybody), "flag")
    if not at_a_terminal():
        raise ApprovalMissing(
            f"{consequence}: nobody can be asked here", "pass --yes where no person is at the keyboard"
        )
    print(f"{consequence}.", file=sys.stderr)
    try:
        typed = read(f"Type {phrase} to go on: ").strip()
    except EOFError:
        typed = ""
    if typed != phrase:
        raise ApprovalMissing(f"{phrase} was not typed", "nothing was changed")
    return Approval(tuple(everybody), "typed")


def at_a_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
