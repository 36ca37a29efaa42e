"""
A site's backup vault, the daily snapshots taken in it, and the copies of other sites' backups that arrive in it.

Two independent ways to the cold site, because one of them fails one day: RDS copies automated backups (log included,
restorable to a moment), AWS Backup copies snapshots into a vault whose lock nobody shortens.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components.aws import addresses
from model import Topology, names
from model.stores import Postgres

if TYPE_CHECKING:
    from model import Plan

_POLICIES = "arn:aws:iam::aws:policy/service-role"


@dataclass(frozen=True)
class BackupsArgs:
    """`key_arn` is a key of this region: copies from another region have to be encrypted with it."""

    plan: "Plan"
    topology: Topology
    site: str
    key_arn: pulumi.Output[str]
    protect: bool


class Backups(pulumi.ComponentResource):
    """Gives `vault_arn`."""

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:Backups", name, None, opts)
        plan, region = args.plan, args.plan.site(args.site).region
        child = pulumi.ResourceOptions(parent=self)
        vault = aws.backup.Vault(
            f"{name}-vault",
            region=region,
            name=names.vault(plan, args.site),
            kms_key_arn=args.key_arn,
            force_destroy=not args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        kept = [
            database.backups.snapshots.keep.days for database in plan.stores_of(Postgres) if database.backups.snapshots
        ]
        if kept:
            # Every field is create-only, and an edit would delete the lock first: the numbers follow the plan alone.
            aws.backup.VaultLockConfiguration(
                f"{name}-lock",
                region=region,
                backup_vault_name=vault.name,
                min_retention_days=min(kept),
                max_retention_days=max(kept) * 10,
                opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
            )
        role = _role(name, f"{plan.system}-{args.site}-backup", child)
        self._snapshots(name, args, vault, role)
        self._copies(name, args)
        self.vault_arn: pulumi.Output[str] = vault.arn
        self.register_outputs({"vaultArn": vault.arn})

    def _snapshots(self, name: str, args: BackupsArgs, vault: aws.backup.Vault, role: aws.iam.Role) -> None:
        """Databases are found by tag, so that a new incarnation is covered without an edit (a selection has none)."""
        plan, region = args.plan, args.plan.site(args.site).region
        child = pulumi.ResourceOptions(parent=self)
        for database in plan.stores_of(Postgres):
            snapshots = database.backups.snapshots
            if snapshots is None:
                continue
            kept = {"delete_after": snapshots.keep.days}
            schedule = aws.backup.Plan(
                f"{name}-{database.name}",
                region=region,
                name=f"{plan.system}-{args.site}-{database.name}",
                rules=[
                    {
                        "rule_name": "snapshots",
                        "target_vault_name": vault.name,
                        "schedule": cron(snapshots.every),
                        "lifecycle": kept,
                        "copy_actions": [
                            {"destination_vault_arn": addresses.vault_arn(plan, to), "lifecycle": kept}
                            for to in snapshots.copies_to
                            if to != args.site
                        ],
                    }
                ],
                opts=child,
            )
            aws.backup.Selection(
                f"{name}-{database.name}",
                region=region,
                name=f"{plan.system}-{database.name}",
                plan_id=schedule.id,
                iam_role_arn=role.arn,
                selection_tags=[
                    {"type": "STRINGEQUALS", "key": "dr-backup", "value": f"{plan.system}-{database.name}"}
                ],
                opts=child,
            )

    def _copies(self, name: str, args: BackupsArgs) -> None:
        plan = args.plan
        for database in plan.stores_of(Postgres):
            if args.site not in database.backups.copies_to:
                continue
            for source, numbers in args.topology.backups_of.items():
                number = numbers.get(database.name)
                if source == args.site or number is None:
                    continue
                aws.rds.InstanceAutomatedBackupsReplication(
                    f"{name}-{database.name}-of-{source}-{number}",
                    region=plan.site(args.site).region,
                    source_db_instance_arn=addresses.database_arn(plan, source, database.name, number),
                    retention_period=database.backups.pitr_retention.days,
                    kms_key_id=args.key_arn,
                    opts=pulumi.ResourceOptions(
                        parent=self,
                        protect=args.protect and _is_present(args.topology, source, database.name, number),
                    ),
                )


def _is_present(topology: Topology, source: str, store: str, number: int) -> bool:
    """Copies of the active site's present incarnation are guarded; those of a former one are to go."""
    return source == topology.active_site and topology.incarnations(source).get(store) == number


def cron(every: timedelta) -> str:
    """AWS Backup takes cron only: `every` is rounded down to whole hours under a day, and to whole days above."""
    hours = max(1, every // timedelta(hours=1))
    if hours < 24:
        return f"cron(0 0/{hours} * * ? *)" if hours > 1 else "cron(0 * * * ? *)"
    return "cron(0 4 * * ? *)" if hours < 48 else f"cron(0 4 1/{hours // 24} * ? *)"


def _role(name: str, role_name: str, child: pulumi.ResourceOptions) -> aws.iam.Role:
    trust = {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = aws.iam.Role(
        f"{name}-role",
        name=role_name,
        force_detach_policies=True,  # also what a closed site was denied, outside Pulumi
        assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        opts=child,
    )
    for part in ("Backup", "Restores"):
        aws.iam.RolePolicyAttachment(
            f"{name}-{part.lower()}",
            role=role.name,
            policy_arn=f"{_POLICIES}/AWSBackupServiceRolePolicyFor{part}",
            opts=child,
        )
    return role
