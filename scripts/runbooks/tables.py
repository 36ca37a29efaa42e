"""Every runbook by the name that a run's record keeps, so that any run can be taken up again."""

from __future__ import annotations

from collections.abc import Callable

from model import Plan
from scripts.core.errors import BadInput
from scripts.runbooks.activate_cold import activate_cold
from scripts.runbooks.compromise import compromise
from scripts.runbooks.contain import contain
from scripts.runbooks.database_failover import database_failover
from scripts.runbooks.failover import failover
from scripts.runbooks.opening import opening
from scripts.runbooks.recover import recover
from scripts.runbooks.reopen import reopen
from scripts.runbooks.reprotect import reprotect
from scripts.runbooks.restore import restore
from scripts.runbooks.rollback import rollback
from scripts.runbooks.stand_down import stand_down
from scripts.runbooks.switchover import switchover
from scripts.runs.runbook import Options, Runbook
from scripts.runs.targets import service_of


def _database_failover(plan: Plan, options: Options) -> Runbook:
    return database_failover(
        plan, tuple(options.more.get("databases") or (each.name for each in plan.incarnated_stores))
    )


def _compromise(plan: Plan, options: Options) -> Runbook:
    warm = (site.name for site in plan.sites if site.kind != "cold")
    return compromise(plan, tuple(options.more.get("isolated") or warm))


TABLES: dict[str, Callable[[Plan, Options], Runbook]] = {
    "failover": lambda plan, _: failover(plan),
    "switchover": lambda plan, _: switchover(plan),
    "reopen": lambda plan, _: reopen(plan),
    "activate_cold": lambda plan, _: activate_cold(plan),
    "reprotect": lambda plan, options: reprotect(
        plan, stores=options.more.get("stores") or (), was_isolated=bool(options.more.get("declared_clean"))
    ),
    "database_failover": _database_failover,
    "restore": lambda plan, _: restore(plan),
    "compromise": _compromise,
    "contain": lambda plan, _: contain(plan),
    "rollback": lambda plan, options: rollback(plan, service_of(plan, options)),
    "recover": lambda plan, options: recover(
        plan, service_of(plan, options), str(options.more.get("from") or ""), str(options.more.get("to") or "")
    ),
    "stand_down": lambda plan, _: stand_down(plan),
    "open": lambda plan, _: opening(plan),
}


def table(name: str, plan: Plan, options: Options) -> Runbook:
    """Raises BadInput for a name that no table has."""
    if name not in TABLES:
        raise BadInput(f"{name!r} is not a runbook", f"there is {', '.join(TABLES)}")
    return TABLES[name](plan, options)
