"""What a plan promises, in the words of the policy pack: the configuration of its rule DR-PLN-001."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model import Plan

FACTS_RULE = "DR-PLN-001"
ROLES = {"primary": "active", "warm": "warm", "cold": "cold", "active": "active", "fenced": "warm"}


def facts_of(
    plan: Plan, stacks: Iterable[str] = (), *, roles: Mapping[str, str] | None = None, secrets_provider: str = ""
) -> dict[str, Any]:
    """
    The facts for one stack, or for several looked at as one (none named: the whole system).

    roles: the present role of each site; without it a site has the role it was made for. Times in minutes and days,
    as the names say.
    """
    from model import names  # noqa: PLC0415 - pydantic is not needed where there is no plan
    from model.clouds import CLOUDS  # noqa: PLC0415 - as above

    named = list(stacks)
    facts: dict[str, Any] = {
        "environment": plan.environment,
        "siteRole": _role(plan, named, roles or {}),
        "siteRoles": {stack: _role(plan, [stack], roles or {}) for stack in plan.stacks} if len(named) != 1 else {},
        "scaleTargets": {service.name: service.replicas.active for service in plan.services} | {names.SENTINEL: 1},
        "bucketsWithoutData": [CLOUDS[site.cloud].recovery_name(plan, site.name) for site in plan.sites],
        "databasesFollowed": any(database.replication.mode != "none" for database in plan.incarnated_stores),
        "drillsEveryDays": plan.drills.every / timedelta(days=1),
        "primaryRegion": plan.primary.region,
        "recoveryRegions": [site.region for site in plan.sites if site is not plan.primary],
        "allowedRegions": list(plan.residency.allowed_regions),
        "dnsTtlSeconds": plan.traffic.ttl.total_seconds(),
        "stateBackends": [
            {"site": site.name, "region": site.region, "url": site.state} for site in plan.sites if site.state
        ],
        "secretsProvider": secrets_provider,
        "waivers": [waiver.model_dump(mode="json") for waiver in plan.waivers],
        **_objectives(plan),
        **_backups(plan),
    }
    if facts["siteRole"] == "warm" and len(named) == 1:
        facts["expectedReplicas"] = _replicas(plan, named[0])
    return {name: value for name, value in facts.items() if value not in (None, "", [], {})}


def _role(plan: Plan, stacks: list[str], roles: Mapping[str, str]) -> str:
    if len(stacks) != 1:
        return "all"
    site = plan.sites_by_stack.get(stacks[0])
    if site is None:
        return "traffic" if stacks[0] == plan.traffic.stack else "all"
    return ROLES[roles.get(site.name, site.kind)]


def _minutes(duration: timedelta) -> float:
    return duration.total_seconds() / 60


def _objectives(plan: Plan) -> dict[str, float]:
    """The strictest objectives of a regional outage; of any disaster where the plan names none for that."""
    regional = [objective for objective in plan.objectives if objective.disaster == "regional_outage"]
    meant = regional or plan.objectives
    return {
        "rtoMinutes": min(_minutes(objective.rto) for objective in meant),
        "rpoMinutes": min(_minutes(objective.rpo) for objective in meant),
    }


def _backups(plan: Plan) -> dict[str, float]:
    """What every store keeps at least: stores may promise different things, and rules do not tell them apart."""
    from model.stores import Backups  # noqa: PLC0415 - pydantic is not needed where there is no plan

    day, kept = timedelta(days=1), [store.backups for store in plan.incarnated_stores]
    facts: dict[str, float] = {}
    retentions = [each.pitr_retention for each in kept if isinstance(each, Backups)]
    if retentions:
        facts["pitrDays"] = min(retentions) / day
    snapshots = [each.snapshots for each in kept if each.snapshots]
    if snapshots:
        facts["backupEveryMinutes"] = max(_minutes(snapshot.every) for snapshot in snapshots)
        facts["backupRetentionDays"] = min(snapshot.keep for snapshot in snapshots) / day
    return facts


def _replicas(plan: Plan, stack: str) -> dict[str, int]:
    from model.stores import Objects  # noqa: PLC0415 - pydantic is not needed where there is no plan

    site = plan.sites_by_stack[stack].name
    return {
        "database": sum(database.replication.mode != "none" for database in plan.incarnated_stores),
        "objects": sum(site in store.replicate_to for store in plan.stores_of(Objects)),
    }
