"""Somebody breaks into the active site with a stolen password; it is left, and the service goes on in a clean one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from model import names
from scripts.compromise import compromise, options_for
from scripts.core.errors import Refused
from scripts.drills.database import damage, undone, wait_until_restorable
from scripts.drills.found import Found
from scripts.drills.stage import as_evidence
from scripts.drills.whole import wait_until_whole
from scripts.engines.postgres import direct
from scripts.people.output import progress
from scripts.reprotect import reprotect
from scripts.runbooks.tables import table
from scripts.runs.findings import EvidenceKept

if TYPE_CHECKING:
    from scripts.drills.stage import Stage
    from scripts.runs.runbook import RunOutcome

READER = "reporting"
"""A login of somebody else's, known to the intruder; its password is its name."""


def leave(stage: Stage) -> Found:
    """The active site was broken into; its data is spoilt. The cold site is built from before, and takes over."""
    plan = stage.plan
    found, old, cold = Found(), stage.active, stage.cold
    warm = next((site.name for site in plan.sites if site.kind != "cold" and site.name != old), None)
    stolen = {store: stage.password(old, store) for store in stage.stores}
    with stage.writing() as workload:
        wait_until_whole(stage)
        add_reader(stage)
        stage.wait_for_writes(workload, time.time() + 1)
        clean = datetime.now(UTC).replace(microsecond=0)
        stage.wait_for_writes(workload, clean.timestamp() + 1)
        found.fault_at = found.detected_at = damage(stage, clean)
        wait_until_restorable(stage, clean, cold)
        if warm is not None:
            found.ok &= stage.must_fail(
                "no clean site with a copy", f"{warm} is not taken for clean: it holds a copy of what was compromised",
                lambda: compromise(
                    plan, clean.isoformat(), to=warm, plan_path=stage.plan_path, approved_by=stage.approvers
                ), Refused,
            )  # fmt: skip
        runbook = table("compromise", plan, options_for(plan, clean.isoformat()))
        with progress(runbook) as observer:
            outcome = compromise(
                plan, clean.isoformat(), observer=observer, plan_path=stage.plan_path, approved_by=stage.approvers,
                fault_at=found.fault_at.isoformat(), detected_at=found.detected_at.isoformat(),
            )  # fmt: skip
        found.runs.append(outcome)
        found.ok &= outcome.status == "done"
        if outcome.error is None:
            stage.wait_for_writes(workload, time.time())
            loss, outage = stage.judge(workload, found.fault_at)
            found.evidence |= as_evidence(loss, outage)
            found.ok &= undone(stage, clean, loss)
            found.ok &= _credentials_are_dead(stage, stolen)
            found.ok &= _evidence_is_kept(stage, outcome)
            found.ok &= stage.must_fail(
                "no way back", f"{old} is not rebuilt before somebody says that it is clean",
                lambda: reprotect(plan, old, plan_path=stage.plan_path), Refused,
            )  # fmt: skip
            found.ok &= stage.preview_all("after the compromise")
    return found


def add_reader(stage: Stage) -> None:
    """A login besides the service's own in each store, as people have them."""
    site = stage.active
    for store in stage.stores:
        owner = direct.with_login(stage.dsn(site, store), names.database_user(stage.plan), stage.password(site, store))
        direct.rows_at(owner, f"CREATE ROLE {READER} LOGIN PASSWORD '{READER}'")


def can_log_in(stage: Stage, site: str, user: str, password: str, store: str = "") -> bool:
    """Is this login good at the store's server itself (the first store's), past whatever the network says?"""
    store = store or stage.stores[0]
    return direct.can_log_in(stage.dsn(site, store), names.database_name(store), user, password)


def _credentials_are_dead(stage: Stage, stolen: Mapping[str, str]) -> bool:
    owner, site = names.database_user(stage.plan), stage.active
    opened = [
        store
        for store, password in stolen.items()
        if can_log_in(stage, site, owner, password, store) or can_log_in(stage, site, READER, READER, store)
    ]
    good = all(can_log_in(stage, site, owner, stage.password(site, store), store) for store in stolen)
    return stage.check(
        "credentials", not opened and good, "what was stolen opens nothing, the service's new login does", opened=opened
    )


def _evidence_is_kept(stage: Stage, outcome: RunOutcome) -> bool:
    clouds = stage.clouds()
    there = {
        point.name
        for each in stage.plan.incarnated_stores
        for point in clouds.at(stage.active).restore_points(each.name)
    }
    clouds.close()
    kept = [each.sent_as for each in outcome.found(EvidenceKept)]
    return stage.check(
        "evidence", bool(kept) and there.issuperset(kept), f"what was compromised is kept as {', '.join(kept)}"
    )
