"""What is decided by beginning a run, so that a plan can ask more than one person for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model import role_of
from scripts.core.errors import BadInput
from scripts.runs.run_records import MOVES

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology
    from scripts.runs.runbook import Options


def disaster_for(plan: Plan, topology: Topology, to: str) -> str:
    """What is taken for granted when the operator does not say: the disaster whose objective names the target."""
    role = role_of(plan, topology, to)
    wanted = "multi_region_outage" if role == "cold" else "regional_outage"
    known = [each.disaster for each in plan.objectives if not each.component]
    fitting = [each.disaster for each in plan.objectives if not each.component and each.recover_at == to]
    if wanted in known:
        return wanted
    if not (fitting or known):
        raise BadInput(f"the plan of {plan.system} has no objective for any disaster", "add one, with rpo and rto")
    return (fitting or known)[0]


def decided(name: str, plan: Plan, topology: Topology, options: Options) -> list[str]:
    """
    Disasters, and what a `model.governance.Decision` names, that a run of the table `name` decides.

    The disaster of a move follows from what is done and where to; one that the operator declares is decided as well,
    and is not a way to need fewer people. A watcher that moves a node to its standby decides nothing: the plan did.
    """
    more, found = options.more, list[str]()
    if name == "reopen" or (name in MOVES and more.get("planned")):
        found.append("planned_move")
    elif name in MOVES:
        found += [disaster_for(plan, topology, options.to), str(more.get("disaster") or "")]
    elif name != "database_failover" and more.get("disaster"):
        found.append(str(more["disaster"]))
    if options.accept_data_loss is not None or more.get("give_up_unlogged"):
        found.append("accept_data_loss")
    if "fencing" in options.overrides:
        found.append("override_fencing")
    if more.get("give_up_differences") or more.get("give_up_old_copy"):
        found.append("give_up_old_copy")
    if more.get("declared_clean"):
        found.append("declare_clean")
    return [each for each in found if each]
