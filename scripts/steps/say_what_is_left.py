"""Say what was contained, and what was not and has to be closed by somebody else."""

from __future__ import annotations

from scripts.runs.findings import AddressesBlocked, BreachSeen, LoginsRenewed
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def say_what_is_left(context: Context) -> Result:
    left = [*context.need(BreachSeen).left]
    left += [f"{site} was not told of the new password" for site in context.need(LoginsRenewed).not_told]
    if (blocked := context.found(AddressesBlocked)) is not None:
        left += [f"the front door of {site} was not told whom to keep out" for site in blocked.not_told]
    said = f"{target(context)} is contained; not closed: {'; '.join(left) or 'nothing that we know of'}"
    return Result("done", said, BreachSeen(left=left))
