"""Somebody has a password and a session of the active site; both are made worthless while the service goes on there."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from model import names
from scripts.contain import contain, options_for
from scripts.core.errors import BadInput
from scripts.drills.compromised import READER, add_reader, can_log_in
from scripts.drills.found import Found
from scripts.drills.stage import as_evidence
from scripts.drills.whole import wait_until_whole
from scripts.engines.postgres.direct import Held, with_login
from scripts.people.output import progress
from scripts.probes.web import door_of, get
from scripts.runbooks.tables import table
from scripts.runs.findings import BreachSeen

if TYPE_CHECKING:
    from scripts.drills.stage import Stage
    from scripts.runs.runbook import RunOutcome


INTRUDER = "127.66.66.66"
"""An address of this machine that nobody else asks from."""


def stay(stage: Stage) -> Found:
    """
    The intruder is logged in as the owner of each store, knows the login of somebody else, and asks the service from an
    address that is known.
    """
    plan, site, found = stage.plan, stage.active, Found()
    asked: dict[str, Any] = {"approved_by": stage.approvers, "block": [INTRUDER] if plan.traffic.firewall else []}
    owner = names.database_user(plan)
    with stage.writing() as workload:
        wait_until_whole(stage)
        add_reader(stage)
        stolen = {store: stage.password(site, store) for store in stage.stores}
        inside = [Held(with_login(stage.dsn(site, store), owner, stolen[store])) for store in stage.stores]
        found.ok &= stage.check(
            "the intruder is inside", all(each.answers() for each in inside), "what was stolen opens every store"
        )
        later = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        found.ok &= stage.must_fail(
            "a window that ends before it begins", "a window that ends before it begins is refused",
            partial(contain, plan, later, (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
                    plan_path=stage.plan_path, approved_by=stage.approvers), BadInput,
        )  # fmt: skip
        found.ok &= stage.check(
            "the intruder is answered",
            _answer_to(stage, INTRUDER) == 200,
            "the front door answers the intruder as well",
        )
        found.fault_at = found.detected_at = datetime.now(UTC)
        runbook = table("contain", plan, options_for(plan, stage.topology))
        with progress(runbook) as observer:
            outcome = contain(
                plan, observer=observer, plan_path=stage.plan_path,
                fault_at=found.fault_at.isoformat(), detected_at=found.detected_at.isoformat(), **asked,
            )  # fmt: skip
        found.runs.append(outcome)
        found.ok &= outcome.status == "done"
        if outcome.error is None:
            stage.forget_logins()
            stage.wait_for_writes(workload, time.time())
            loss, outage = stage.judge(workload, found.fault_at)
            found.evidence |= as_evidence(loss, outage)
            found.ok &= stage.check(
                "nothing is lost", loss.lost == 0, "every acknowledged write is there", lost=loss.lost
            )
            opened = [store for store, password in stolen.items() if can_log_in(stage, site, owner, password, store)]
            good = all(can_log_in(stage, site, owner, stage.password(site, store), store) for store in stolen)
            found.ok &= stage.check(
                "credentials", not opened and good, "what was stolen opens nothing, the service's new login does"
            )
            still = [each for each in inside if each.answers()]
            found.ok &= stage.check("sessions", not still, "who was inside is put out")
            if asked["block"]:
                answers = {source: _answer_to(stage, source) for source in (INTRUDER, "")}
                found.ok &= stage.check(
                    "addresses", answers == {INTRUDER: 403, "": 200}, "the intruder is kept out, and nobody else"
                )
            found.ok &= _says_what_is_left(stage, outcome)
            found.ok &= stage.preview_all("after the containment")
        for each in inside:
            each.close()
    return found


def _answer_to(stage: Stage, source: str) -> int:
    """The status that the service answers somebody at this address with."""
    return get(door_of(stage.plan), stage.plan.traffic.health.path, seconds=5, source=source).status


def _says_what_is_left(stage: Stage, outcome: RunOutcome) -> bool:
    """The login of somebody else is not ours to renew: it must be named."""
    left = outcome.found(BreachSeen)[-1].left
    named = all(any(each.startswith(f"{store} lets in {READER}") for each in left) for store in stage.stores)
    return stage.check("what is left", named, f"what is not closed is named: {'; '.join(left)}")
