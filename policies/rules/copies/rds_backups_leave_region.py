"""Backups of RDS exist in another region."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Resource, Rule
from ..kernel.backed_up import PLAN, SELECTION, plan_of, selection_of
from ..kernel.resource import region_of_arn
from ..kernel.standards import BACKUP, OTHER_REGION

REPLICATION = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"


def copying(selection: Resource, ctx: Context) -> bool:
    plan = plan_of(selection, ctx)
    return plan is not None and any(rule["copyActions"].present() for rule in plan["rules"].items())


def present(r: Resource, ctx: Context) -> Iterator[str]:
    if ctx.facts.role_of(r) in ("warm", "cold", "traffic") or r["replicateSourceDb"].present():
        return
    if ctx.stack.first_naming((REPLICATION,), "sourceDbInstanceArn", r):
        return
    # A backup plan that copies elsewhere does as well (DR-CPY-001 looks at where to).
    if selection_of(r, ctx, lambda selection: copying(selection, ctx)) is None:
        yield "neither InstanceAutomatedBackupsReplication nor a backup plan with copies covers it"


def elsewhere(r: Resource, ctx: Context) -> Iterator[str]:
    home = region_of_arn(r["sourceDbInstanceArn"].text())
    if home and home == r.region():
        yield f"source and copy are both in {home}"


def encrypted(r: Resource, ctx: Context) -> Iterator[str]:
    if not r["kmsKeyId"].present():
        yield "kmsKeyId is absent: an encrypted source needs a key of the copy's region"


RULES = (
    Rule(
        id="DR-CPY-002",
        title="Backups of RDS leave the region",
        severity=HIGH,
        types=("aws:rds/instance:Instance",),
        scope="stack",
        checks=(present,),
        reads=(PLAN, SELECTION),
        why="A replica repeats a wrong delete within seconds; only a backup in the other region can undo it there.",
        remedy="Add an InstanceAutomatedBackupsReplication, or a backup plan with copyActions.",
        serves=(*BACKUP, *OTHER_REGION),
    ),
    Rule(
        id="DR-CPY-003",
        title="Replicated RDS backups lie in another region",
        severity=CRITICAL,
        types=(REPLICATION,),
        checks=(elsewhere,),
        why="The replication is made in the region that receives: with the source's region it copies nothing.",
        remedy="Set region to the recovery region.",
        serves=(*BACKUP, *OTHER_REGION),
    ),
    Rule(
        id="DR-CPY-004",
        title="Replicated RDS backups are encrypted with a key of their region",
        severity=HIGH,
        types=(REPLICATION,),
        checks=(encrypted,),
        why="Without a key of the receiving region, backups of an encrypted database are not copied.",
        remedy="Set kmsKeyId to a key of the recovery region.",
        serves=(*BACKUP, *OTHER_REGION),
        see=("checkov CKV_AWS_245",),
    ),
)
