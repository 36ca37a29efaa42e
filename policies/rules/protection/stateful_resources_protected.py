"""What holds data is protected by Pulumi as well."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.standards import DELETION
from ..kernel.stateful import GCP_STORES, STATEFUL


def check(r: Resource, ctx: Context) -> Iterator[str]:
    if not r.protect:
        yield "the resource option protect is not set"


RULE = Rule(
    id="DR-PRO-008",
    title="What holds data has Pulumi's protect",
    severity=HIGH,
    types=(*STATEFUL, *GCP_STORES),
    checks=(check,),
    why=(
        "It stops a replacement in the preview, before any cloud was asked, also where the cloud has no protection of "
        "its own."
    ),
    remedy="Give the resource the option protect=True; `pulumi state unprotect` lifts it on purpose.",
    serves=DELETION,
)
