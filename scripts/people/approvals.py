"""Who said yes, and to what. A critical decision may need more than one person: the plan says how many."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.core.errors import ApprovalMissing, BadInput
from scripts.core.redaction import printable
from scripts.people import names
from scripts.runs.lock import user

if TYPE_CHECKING:
    from model import Plan


SETS_ASIDE = frozenset({"override_fencing", "give_up_old_copy", "declare_clean", "delete_data", "repair_lease"})


@dataclass(frozen=True)
class Approval:
    """
    `by` holds each person once; `how` is typed or flag. Names are what the operator gave: an attestation.
    """

    by: tuple[str, ...]
    how: str


def needed(plan: Plan, *decisions: str) -> int:
    """
    How many people must agree to all of `decisions` (disasters, or a `model.governance.Decision`); at least the
    operator. A decision that sets a rule aside and that the plan does not mention needs as many as the plan asks for
    anything: it must not be the way around the others.
    """
    approvals: dict[str, int] = dict(plan.approvals.items())
    most = max([1, *approvals.values()])
    return max([1, *(approvals.get(each, most if each in SETS_ASIDE else 1) for each in decisions)])


def require(plan: Plan, *decisions: str, approved_by: Sequence[str]) -> None:
    """
    For a caller that asks nobody: have as many agreed as the plan wants for these decisions? Where one is enough it is
    the caller. Raises ApprovalMissing, and BadInput for a name that is none.
    """
    if (people := needed(plan, *decisions)) > 1:
        _enough(", ".join(decisions), people, plan.people, approved_by)


def _enough(consequence: str, people: int, known: Sequence[str], approved_by: Sequence[str]) -> tuple[str, ...]:
    """Those who agree, each once, the operator among them."""
    operator = _operator()
    asked = [operator] if not known or names.is_listed(operator, known) else []
    everybody = names.listed([*asked, *approved_by], known)
    if len(everybody) < people:
        raise ApprovalMissing(
            f"{consequence}: {people} people must agree, and only {', '.join(everybody) or 'nobody of the plan'} did",
            "name the others: --approved-by NAME, once for each",
        )
    return everybody


def ask(
    consequence: str,
    phrase: str,
    *,
    people: int = 1,
    known: Sequence[str] = (),
    yes: bool = False,
    approved_by: Sequence[str] = (),
    read: Callable[[str], str] = input,
) -> Approval:
    """
    Ask the operator to type `phrase`, having shown `consequence`; `yes` stands for that. The operator is one of
    `people`, the others are named in `approved_by`. `known` are the people of the plan, who alone count where it lists
    any. Raises ApprovalMissing, and BadInput for a name that is none.
    """
    everybody = _enough(consequence, people, known, approved_by)
    if yes:
        return Approval(everybody, "flag")
    if not at_a_terminal():
        raise ApprovalMissing(
            f"{consequence}: nobody can be asked here", "pass --yes where no person is at the keyboard"
        )
    print(printable(f"{consequence}."), file=sys.stderr)
    try:
        typed = read(f"Type {phrase} to go on: ").strip()
    except EOFError:
        typed = ""
    if typed != phrase:
        raise ApprovalMissing(f"{phrase} was not typed", "nothing was changed")
    return Approval(everybody, "typed")


def _operator() -> str:
    try:
        return names.person(user())
    except BadInput:  # an account with a name that no person has
        return f"uid {os.getuid()}"


def at_a_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
