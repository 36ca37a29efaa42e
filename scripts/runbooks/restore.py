"""Restore: the data is damaged and the site lives; its databases are taken back to a moment before."""

from __future__ import annotations

from model import Plan
from scripts.runbooks.failover import LOOKS, caches
from scripts.runbooks.own import checks, hooks
from scripts.runs.runbook import Does, Row, Runbook
from scripts.steps.choose_point_in_time import choose_point_in_time
from scripts.steps.declare_disaster import declare_disaster
from scripts.steps.empty_caches import empty_caches
from scripts.steps.grant_lease import grant_lease
from scripts.steps.measure_given_up import measure_given_up
from scripts.steps.preview_stacks import preview_stacks
from scripts.steps.release_backups import release_backups
from scripts.steps.restore_in_place import restore_in_place
from scripts.steps.retire_damaged import retire_damaged
from scripts.steps.stop_writes import stop_writes
from scripts.steps.verify_service import verify_service
from scripts.steps.verify_tiers import verify_tiers


def restore(plan: Plan) -> Runbook:
    return Runbook("restore", (
        Row("preflight", choose_point_in_time, "See that the moment can be restored, and what is given up",
            why_no_undo=LOOKS, does=Does.CHECK),
        Row("declare", declare_disaster, "Declare the disaster and start the clock",
            undo="stop here: nothing has been changed", does=Does.DECLARE),
        *hooks(plan, "read_only_on"),
        Row("fence", stop_writes, "Stop writes to the damaged databases, and see one refused",
            undo="`dr resume` only: the damaged copy stays closed"),
        Row("restore", restore_in_place, "Build the databases as they were, beside the damaged ones",
            undo="declare the damaged incarnation alone again: it is still there", attempts=2),
        *checks(plan, "before_switch"),
        *caches(plan, empty_caches, "Empty the caches, which hold what is given up"),
        Row("promote", grant_lease, "Let the restored databases be written, and see a write accepted",
            point_of_no_return=True, why_no_undo="from here on they have a history of their own", attempts=3,
            does=Does.OPEN),
        *hooks(plan, "migrate", "read_only_off"),
        Row("verify", verify_service, "See the service answer and accept writes", why_no_undo=LOOKS,
            does=Does.SEE_SERVICE),
        Row("verify", verify_tiers, "See every tier at full strength", why_no_undo=LOOKS, does=Does.SEE_TIERS),
        *checks(plan, "after_restore"),
        Row("measure", measure_given_up, "Count what only the damaged copy holds", why_no_undo=LOOKS, attempts=5,
            does=Does.MEASURE),
        Row("retire", release_backups, "Lift the protection of the damaged copy's backups in the cold site",
            undo="declare the damaged incarnation alone again: it is still there", attempts=2),
        Row("retire", retire_damaged, "Give up the damaged copy, and see that its final snapshot is kept",
            why_no_undo="its final snapshot stays and can be restored", attempts=2),
        Row("reconcile", preview_stacks, "See that no stack would delete or replace anything", why_no_undo=LOOKS,
            does=Does.LOOK),
    ))  # fmt: skip
