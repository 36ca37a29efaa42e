"""The last state that is known to be clean: the newest that can be restored from before a moment the operator names."""

from __future__ import annotations

from datetime import UTC, datetime

from model.roles import role_of
from scripts.acts.restore_points import chosen, restore_points
from scripts.clouds.protocol import RestorePoint
from scripts.core.errors import LossTooGreat, Refused
from scripts.core.moments import past_moment
from scripts.probes.backups import up_to
from scripts.runs.findings import CleanPointsChosen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import isolated, lost, objective, target


def why_not_a_clean_place(context: Context) -> str | None:
    """The reason, or None. Looks at the plan and the topology only."""
    plan, site = context.plan, target(context)
    if site in isolated(context) or site in context.topology.isolated:
        return f"{site} counts as compromised itself"
    if role_of(plan, context.topology, site) != "cold":
        return f"{site} is not cold: it holds a copy of what was compromised, or is active"
    if plan.fencing.witness in isolated(context):
        return (
            f"the witness {plan.fencing.witness} counts as compromised: who holds the writer lease there proves nothing"
        )
    if context.topology.active_site not in {*isolated(context), *lost(context)}:
        return f"{context.topology.active_site} is active and counts as clean: there is nothing to leave"
    return None


def choose_clean_point(context: Context) -> Result:
    """
    Raises Refused when the target is no clean place or holds nothing from before the moment, LossTooGreat when more is
    given up than the objective or the operator allows.
    """
    if reason := why_not_a_clean_place(context):
        raise Refused(reason, "`dr status` shows the sites; choose another --to or --compromised")
    site, clean = target(context), past_moment(str(context.options.more.get("clean_before") or ""), "--clean-before")
    clean_points: dict[str, RestorePoint] = {}
    for each in context.plan.incarnated_stores:
        there = restore_points(context, each.name)
        points = [point for known in there if (point := up_to(known, clean)) is not None]
        if not points:
            oldest = min((point.earliest or point.newest for point in there), default=None)
            hint = f"the oldest that lies there is from {oldest.astimezone(UTC).isoformat()}" if oldest else ""
            said = f"{site} holds no backup of {each.name} from before {clean.isoformat()}"
            raise Refused(said, hint or "`dr status` shows the newest restorable points")
        clean_points[each.name] = max(points, key=lambda point: point.newest)
    oldest_chosen = min((point.newest for point in clean_points.values()), default=clean)
    loss = datetime.now(UTC) - oldest_chosen
    allowed = context.options.accept_data_loss or objective(context).rpo
    if loss > allowed:
        raise LossTooGreat(
            f"{loss.total_seconds():.0f} s of writes are given up, and {allowed.total_seconds():.0f} s are allowed",
            f"accept it by name: --accept-data-loss {int(loss.total_seconds()) + 60}s",
        )
    said = f"{site} can be built as of {oldest_chosen.astimezone(UTC).isoformat(timespec='seconds')}: "
    said += f"{loss.total_seconds():.0f} s of writes are given up"
    found = CleanPointsChosen(
        points=chosen(clean_points),
        clean_before=clean,
        newest=oldest_chosen,
        data_at_stake_seconds=loss.total_seconds(),
    )
    return Result("done", said, found)
