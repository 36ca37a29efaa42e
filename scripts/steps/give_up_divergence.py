"""See that what only the old copies hold, and what of it is unknown, is given up by name before anything is built."""

from __future__ import annotations

from scripts.core.errors import Refused
from scripts.engines.comparison import plural
from scripts.runs.findings import CopiesCompared
from scripts.runs.runbook import Context, Result, found_in
from scripts.runs.targets import target


def give_up_divergence(context: Context) -> Result:
    """
    Raises Refused where more differs than `give_up_differences` allows, or where something is unknown and nobody gave
    the old copy up.
    """
    site, more = target(context), context.options.more
    found = found_in(context.results, CopiesCompared)
    differences, allowed = sum(each.differences for each in found), int(more.get("give_up_differences") or 0)
    unknown = [each for one in found for each in one.unknown]
    look = f"look at them with `dr divergence show {context.run}`"
    if differences > allowed:
        told = "; ".join(f"{each.said} of {each.store}" for each in found if each.differences)
        raise Refused(
            f"only {site}'s old copy holds {told}",
            f"{look}, bring over what is needed, then give up what is left: --give-up-differences {differences}",
        )
    if unknown and not more.get("give_up_old_copy"):
        first = unknown[0]
        others = f" (and {plural(len(unknown) - 1, 'more')})" if len(unknown) > 1 else ""
        hint = first.hint or f"`dr divergence show {context.run}` shows why"
        raise Refused(
            f"what only {site}'s old copy holds cannot be counted: {first.name}: {first.reason}{others}",
            f"{hint}; or give the old copy up by name: --give-up-old-copy",
        )
    if not differences and not unknown:
        return Result("already", f"nothing of {site}'s old copy is given up")
    said = f"{plural(differences, 'difference')} of {site}'s old copy given up by name"
    if unknown:
        said += f", and what is unknown of {', '.join(each.name for each in unknown)}"
    context.journal.note("given_up", said, differences=differences, by=list(context.options.approved_by))
    return Result("done", said, {"differences": differences})
