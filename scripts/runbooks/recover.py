"""
Recover: the ladder for one service that fails in a site that is well. Each rung is verified before the next one, and
what stands above the rung that helped is left out.
"""

from __future__ import annotations

from model import Plan
from scripts.core.errors import BadInput
from scripts.runbooks.failover import LOOKS
from scripts.runs.runbook import Does, Row, Runbook
from scripts.steps.look_at_service import look_at_service
from scripts.steps.recreate_service import recreate_service
from scripts.steps.replace_machines import replace_machines
from scripts.steps.restart_service import restart_service
from scripts.steps.roll_back_to_last_good import roll_back_to_last_good
from scripts.steps.scale_service_up import scale_service_up
from scripts.steps.see_recovered import see_recovered


def recover(plan: Plan, service: str, begin: str = "", end: str = "") -> Runbook:
    """For one service, from the rung `begin` on, to `end`. Raises BadInput for a rung that there is not."""
    machines = (
        Row("replace", replace_machines, f"Replace the machines that {service} runs on", subject=service,
            why_no_undo="what ran before is replaced by the same again"),
    ) if plan.service(service).traits.on_machines else ()  # fmt: skip
    rungs = (
        Row("restart", restart_service, f"Restart {service}", subject=service,
            why_no_undo="what ran before is replaced by the same again"),
        Row("rollback", roll_back_to_last_good, f"Run the last version of {service} from before this one again",
            subject=service, undo=f"`dr rollback {service} --to` the version that ran before"),
        Row("scale", scale_service_up, f"Run more of {service} than the plan says", subject=service,
            undo="taken back by itself where it does not help, else by the next update of the stack"),
        *machines,
        Row("recreate", recreate_service, f"Delete {service} and make it anew as the code says, and nothing else",
            subject=service, why_no_undo="the stack declares it as it is made anew"),
    )  # fmt: skip
    names = [row.phase for row in rungs]
    for rung in filter(None, (begin, end)):
        if rung not in names:
            raise BadInput(f"{rung!r} is no rung of the ladder", f"there is {', '.join(names)}")
    first, last = names.index(begin) if begin else 0, names.index(end) if end else len(names)
    return Runbook("recover", (
        Row("look", look_at_service, f"Look at {service}: its state, its answers, its last log lines", subject=service,
            why_no_undo=LOOKS, does=Does.CHECK),
        *rungs[first : last + 1],
        Row("verify", see_recovered, f"See {service} well, or say what to do next", subject=service, why_no_undo=LOOKS,
            does=Does.SEE_SERVICE),
    ))  # fmt: skip
