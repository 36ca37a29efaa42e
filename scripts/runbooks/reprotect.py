"""
Re-protect: a site that was left behind becomes a copy of the active one again.

A lost primary cannot become a replica again, so a new incarnation is built beside it, and the old one goes last,
after what only it holds has been counted, kept and given up by name, and its successor has been seen to follow.
"""

from __future__ import annotations

from collections.abc import Collection

from model import Plan
from scripts.runbooks.failover import LOOKS
from scripts.runs.runbook import Does, Row, Runbook
from scripts.steps.declare_replica import declare_replica
from scripts.steps.give_up_divergence import give_up_divergence
from scripts.steps.measure_divergence import measure_divergence
from scripts.steps.preview_stacks import preview_stacks
from scripts.steps.rebuild_replica import rebuild_replica
from scripts.steps.reopen_site import reopen_site
from scripts.steps.retire_old_copy import retire_old_copy
from scripts.steps.see_replication import see_replication
from scripts.steps.see_site import see_site
from scripts.steps.share_login import share_login
from scripts.steps.switch_backups import switch_backups


def reprotect(plan: Plan, *, stores: Collection[str] = (), was_isolated: bool = False) -> Runbook:
    """
    `stores`: those that it is about; by default all. `was_isolated`: the site was found compromised, and is said to be
    clean again.
    """
    return Runbook("reprotect", (
        Row("measure", see_site, "See that the site's cloud answers", why_no_undo=LOOKS, does=Does.LOOK),
        *(
            Row("measure", measure_divergence, f"Count what only the old copy of {each.name} holds",
                subject=each.name, wave="measure", why_no_undo=LOOKS, attempts=5, does=Does.LOOK)
            for each in plan.incarnated_stores
            if not stores or each.name in stores
        ),
        Row("measure", give_up_divergence, "See that what only the old copies hold is given up by name",
            why_no_undo=LOOKS, does=Does.LOOK),
        *(released() if was_isolated else ()),
        Row("rebuild", declare_replica, "Declare a replica of the active site beside the old copy",
            undo="declare the old incarnation alone again: it is still there"),
        Row("rebuild", rebuild_replica, "Build it", wave="build",
            undo="declare the old incarnation alone again: it is still there", attempts=2),
        Row("rebuild", switch_backups, "Let the cold site receive the backups of the active site", wave="build",
            undo="they can be received from any site at any time", attempts=2),
        Row("verify", see_replication, "See a row of the active site arrive", why_no_undo=LOOKS, attempts=2,
            does=Does.LOOK),
        Row("retire", retire_old_copy, "Give up the old copy", point_of_no_return=True,
            why_no_undo="its final snapshot stays and can be restored", attempts=2),
        Row("verify", preview_stacks, "See that no stack would delete or replace anything", why_no_undo=LOOKS,
            does=Does.LOOK),
    ))  # fmt: skip


def released() -> tuple[Row, ...]:
    """What a site needs that was closed past its stack, and that has seen a password which is not used any more."""
    return (
        Row("release", reopen_site, "Take down why the site counts as clean, and look at what is there now",
            undo="stop here: it is still isolated", attempts=2),
        Row("release", share_login, "Give the site the login of the active site",
            undo="its secret keeps the version before it", attempts=3),
    )  # fmt: skip
