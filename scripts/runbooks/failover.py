"""
Failover: the active site is lost, and a warm site takes over, without a word to the site that is gone.

The service is back after `verify_service`. Everything that Pulumi brings in line follows it, because nobody waits for
that.
"""

from __future__ import annotations

from model import Plan
from scripts.runbooks.own import checks
from scripts.runs.runbook import Does, Row, Runbook, Step
from scripts.steps.begin_caches import begin_caches
from scripts.steps.check_target import check_target
from scripts.steps.declare_disaster import declare_disaster
from scripts.steps.fence_old_writer import fence_old_writer
from scripts.steps.grant_lease import grant_lease
from scripts.steps.preview_other_stacks import preview_other_stacks
from scripts.steps.promote_database import promote_database
from scripts.steps.reconcile_stack import reconcile_stack
from scripts.steps.record_topology import record_topology
from scripts.steps.start_service import start_service
from scripts.steps.switch_traffic import switch_traffic
from scripts.steps.verify_service import verify_service
from scripts.steps.verify_tiers import verify_tiers

LOOKS = "it only looks"


def failover(plan: Plan) -> Runbook:
    """The table for a plan: one row a database and a service, in the order of their tiers."""
    return Runbook("failover", (
        Row("preflight", check_target, "Ask whether the target can take over, and what would be lost",
            why_no_undo=LOOKS, does=Does.CHECK),
        Row("declare", declare_disaster, "Declare the disaster and start the clock",
            undo="stop here: nothing has been changed", does=Does.DECLARE),
        Row("fence", fence_old_writer, "Wait until the old writer has certainly stopped, and take its lease",
            undo="fail over back to the old site: the lease then names it again"),
        *takeover(plan),
        Row("verify", verify_service, "See the service answer and accept writes in the new site",
            why_no_undo=LOOKS, does=Does.SEE_SERVICE),
        Row("record", record_topology, "Write who is active into the settings of every stack",
            undo="the settings are files under version control"),
        *compute(plan),
        Row("verify", verify_tiers, "See every tier at full strength", why_no_undo=LOOKS, does=Does.SEE_TIERS),
        *checks(plan, "after_failover"),
        Row("reconcile", reconcile_stack, "Bring the new site's stack in line: refresh, preview, update",
            wave="reconcile", why_no_undo="it declares what is already so", attempts=2),
        Row("reconcile", preview_other_stacks, "See that no other stack would delete or replace anything",
            wave="reconcile", why_no_undo=LOOKS, does=Does.LOOK),
    ))  # fmt: skip


def takeover(plan: Plan) -> tuple[Row, ...]:
    """
    Data and traffic move side by side: health checks take longer than a promotion, and the guard refuses early writes.
    """
    return (
        *promotion(plan),
        *caches(plan, begin_caches, "Empty the caches of the new site, and bring into them what lies there for them",
                wave="takeover"),
        Row("traffic", switch_traffic, "Claim the traffic for the new site", wave="takeover",
            undo="delete the claim: the record leads to the site before it again"),
    )  # fmt: skip


def promotion(plan: Plan) -> tuple[Row, ...]:
    """Databases in the order of tiers, side by side; then the lease."""
    databases = sorted(plan.incarnated_stores, key=lambda each: plan.effective_tier(each.name))
    return (
        *(
            Row("promote", promote_database, f"Promote {each.name} (tier {plan.effective_tier(each.name)})",
                subject=each.name, wave="takeover", point_of_no_return=True,
                why_no_undo="a promoted copy has a history of its own; the old site is rebuilt as its replica instead")
            for each in databases
        ),
        Row("promote", grant_lease, "Let the new site write, and see a write accepted", wave="takeover",
            after=tuple(f"promote_database:{each.name}" for each in databases),
            undo="the lease runs out by itself where nobody renews it", attempts=3, does=Does.OPEN),
    )  # fmt: skip


def caches(plan: Plan, step: Step, sentence: str, *, wave: str | None = None) -> tuple[Row, ...]:
    """One row for all caches of a plan that has any."""
    fills = "a cache fills itself again"
    return (Row("caches", step, sentence, wave=wave, why_no_undo=fills),) if plan.refilled_stores else ()


def compute(plan: Plan) -> tuple[Row, ...]:
    """Services in the order of tiers; those of one tier side by side."""
    services = sorted(plan.services, key=lambda each: plan.effective_tier(each.name))
    return tuple(
        Row("compute", start_service, f"Start {each.name} (tier {plan.effective_tier(each.name)})", subject=each.name,
            wave=f"tier {plan.effective_tier(each.name)}", undo="scale it back to what a warm site runs", attempts=3,
            does=Does.START_SERVICE)
        for each in services
    )  # fmt: skip
