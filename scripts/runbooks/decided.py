"""
What is decided by running a program, so that a plan can ask more than one person for it.

`BY_PROGRAM` is the one list of programs and what each decides. Those that begin a run of a table are judged where the
run begins and where it is resumed, the others where they act: also when another program calls them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from model import role_of
from scripts.core.errors import BadInput
from scripts.runs.run_records import MOVES

FIRST_RUNG = "restart"
"""Of the ladder for a failing service: what a plan may have done by itself."""
LOOKS = frozenset[str]()
A_RUN = frozenset({"a run"})
"""It begins runs of a table: `decided` says what they decide."""
BY_PROGRAM: dict[str, frozenset[str]] = {
    "plan": LOOKS,
    "preview": LOOKS,
    "policy": LOOKS,
    "status": LOOKS,
    "checks": LOOKS,
    "divergence": LOOKS,
    "journal": LOOKS,
    "report": LOOKS,
    "export": LOOKS,  # adds a dump in the site's own objects, where the backups lie
    "backup": LOOKS,  # adds a snapshot
    "verify-backups": LOOKS,  # into scratch instances of its own
    "sandbox": LOOKS,  # the world of whoever asks, on this machine alone
    "drill": A_RUN,  # in a world of its own
    "failover": A_RUN,
    "failback": A_RUN,
    "restore": A_RUN,
    "compromise": A_RUN,
    "contain": A_RUN,
    "recover": A_RUN,
    "rollback": A_RUN,
    "reprotect": A_RUN,
    "watch": A_RUN,
    "resume": A_RUN,
    "up": frozenset({"change_stacks"}),
    "destroy": frozenset({"change_stacks", "delete_data"}),
    "hook": frozenset({"run_hook"}),
    "import": frozenset({"import_data"}),
    "lease": frozenset({"repair_lease"}),
}

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology
    from scripts.runs.runbook import Options


def disaster_for(plan: Plan, topology: Topology, to: str) -> str:
    """
    What is taken for granted when the operator does not say: the disaster whose objective names the target; where none
    does, the outage of a region, because a service leaves its site for nothing less.
    """
    role = role_of(plan, topology, to)
    wanted = "multi_region_outage" if role == "cold" else "regional_outage"
    known = [each.disaster for each in plan.objectives if not each.component]
    fitting = [each.disaster for each in plan.objectives if not each.component and each.recover_at == to]
    if wanted in known:
        return wanted
    if not (fitting or known):
        raise BadInput(f"the plan of {plan.system} has no objective for any disaster", "add one, with rpo and rto")
    return next(iter(fitting), "regional_outage" if "regional_outage" in known else known[0])


def is_automatic(plan: Plan, service: str) -> bool:
    """Does the plan say that a service which fails is started anew without asking anybody?"""
    goals = [each for each in plan.objectives if each.disaster == "application_failure"]
    own = [each for each in goals if each.component == service]
    return next((each.automation == "automatic" for each in (*own, *(it for it in goals if not it.component))), False)


def decided(name: str, plan: Plan, topology: Topology, options: Options) -> list[str]:
    """
    Disasters, and what a `model.governance.Decision` names, that a run of the table `name` decides.

    The disaster of a move follows from what is done and where to; one that the operator declares is decided as well,
    and is not a way to need fewer people. A watcher that moves a node to its standby, or starts a service anew, decides
    nothing: the plan did.
    """
    more, found = options.more, list[str]()
    if name == "recover" and more.get("to") == FIRST_RUNG and is_automatic(plan, str(more.get("service") or "")):
        return found
    if name == "reopen" or (name in MOVES and more.get("planned")):
        found.append("planned_move")
    elif name in MOVES:
        found += [disaster_for(plan, topology, options.to), str(more.get("disaster") or "")]
    elif name != "database_failover" and more.get("disaster"):
        found.append(str(more["disaster"]))
    if name == "rollback" or (name == "recover" and more.get("from") != "scale" and more.get("to") != FIRST_RUNG):
        found.append("roll_back_service")  # a rung of the ladder rolls back as well
    if name == "open":
        found.append("change_stacks")
    if options.accept_data_loss is not None or more.get("give_up_unlogged"):
        found.append("accept_data_loss")
    if "fencing" in options.overrides:
        found.append("override_fencing")
    if more.get("give_up_differences") or more.get("give_up_old_copy"):
        found.append("give_up_old_copy")
    if more.get("declared_clean"):
        found.append("declare_clean")
    return [each for each in found if each]
