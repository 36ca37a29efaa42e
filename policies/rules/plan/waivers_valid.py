"""Waivers say why, who and until when, and have not expired."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.standards import NIST_PLAN
from ..kernel.values import printable
from ..kernel.waivers import read_waivers, today


def check(r: Resource, ctx: Context) -> Iterator[str]:
    waivers, problems = read_waivers(ctx.facts.given.get("waivers"))
    yield from problems
    now = today(ctx.facts.given.get("asOf"))
    for waiver in waivers:
        if waiver.expires < now:
            yield (
                f"the waiver of {printable(waiver.rule)} for {printable(waiver.resource)} expired on {waiver.expires} "
                f"(owner {printable(waiver.owner)}): it is not honoured"
            )


RULE = Rule(
    id="DR-PLN-002",
    title="Waivers say why, who and until when, and have not expired",
    severity=HIGH,
    types=("pulumi:pulumi:Stack",),
    checks=(check,),
    why="A waiver without an end is a rule that was dropped without anybody deciding it.",
    remedy="Mend the resource and remove the waiver from the plan, or have its owner renew it with a new date.",
    serves=(NIST_PLAN,),
)
