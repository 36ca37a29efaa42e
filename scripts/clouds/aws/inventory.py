"""What AWS resources hold that would be lost with them, and what keeps them from being deleted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from model import names
from scripts.clouds.amounts import counted, size
from scripts.clouds.aws import contents as cloud
from scripts.clouds.protocol import Holding

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.aws.session import Session
    from scripts.clouds.protocol import Declared

DELETION_PROTECTION = "deletion protection"
SNAPSHOT, BACKUP = "Snapshot", "AutomatedBackup"


class AwsInventory:
    """See `Inventory`."""

    def __init__(self, session: Session, plan: Plan) -> None:
        self._session, self._plan = session, plan

    def knows(self, resource: Declared) -> bool:
        return resource.type.startswith("aws:")

    def look(self, stack: str, resource: Declared, known: Holding, others: Iterable[Declared]) -> Holding:
        del stack
        look = LOOKS.get(resource.type)
        if look is not None:
            return look(self._session, resource, known)
        if resource.type.endswith(":Zone"):
            ours = {_text(it.outputs, "fqdn") or _text(it.outputs, "name") for it in others if _is_record(it)}
            return _zone(self._session, resource, known, ours)
        return known

    def left_behind(self, stack: str, site: str) -> list[Holding]:
        """
        Snapshots that stayed when a database was retired or deleted, and automated backups of databases that are gone.
        """
        region = self._plan.site(site).region
        own, any_site = self._incarnations([site]), self._incarnations([each.name for each in self._plan.sites])
        taken = [
            Holding(stack, SNAPSHOT, name, f"a copy of {source}, outside Pulumi")
            for name, source in cloud.snapshots(self._session, region).items()
            if own.fullmatch(source)
        ]
        kept = [
            Holding(stack, BACKUP, arn, f"a copy of {source}, outside Pulumi")
            for arn, source in cloud.kept_backups(self._session, region).items()
            if any_site.fullmatch(source)
        ]
        return taken + kept

    def delete_left_behind(self, holding: Holding, site: str) -> None:
        delete = cloud.delete_snapshot if holding.kind == SNAPSHOT else cloud.delete_kept_backup
        delete(self._session, self._plan.site(site).region, holding.name)

    def _incarnations(self, sites: Iterable[str]) -> re.Pattern[str]:
        """Matches the identifier of every incarnation of the plan's databases in these sites, and no other system's."""
        stems = [
            re.escape(names.store_identifier(self._plan, site, database.name, 0).removesuffix("0"))
            for site in sites
            for database in self._plan.incarnated_stores
        ]
        return re.compile(rf"(?:{'|'.join(stems)})\d+" if stems else r"(?!)")


def _bucket(session: Session, resource: Declared, known: Holding) -> Holding:
    found = cloud.bucket(session, _region(resource), _text(resource.outputs, "bucket"))
    if found is None or not found.count:
        return known
    more = "more than " if found.more else ""
    holds = f"{more}{counted(found.count, 'object version')}, {size(found.size_bytes)}"
    stuck = f"{counted(found.locked, 'object version')} locked for good" if found.locked else ""
    return replace(known, holds=holds, stuck=stuck, until=found.until)


def _vault(session: Session, resource: Declared, known: Holding) -> Holding:
    found = cloud.vault(session, _region(resource), _text(resource.outputs, "name"))
    if found is None:
        return known
    inside, lock = found
    points = counted(inside.count, "recovery point")
    holds = f"{points}, {size(inside.size_bytes)}" if inside.count else ""
    if lock is None:
        return replace(known, holds=holds)
    reason = lock.why_not_remove(datetime.now(UTC)) or ""
    return replace(known, holds=holds, guards=(*known.guards, "vault lock"), stuck=reason, until=inside.until)


def _database(session: Session, resource: Declared, known: Holding) -> Holding:
    found = cloud.database(session, _region(resource), _text(resource.outputs, "identifier"))
    if found is None:
        return known
    guards = (*known.guards, DELETION_PROTECTION) if found.protected else known.guards
    kind = "replica" if found.replica else "database"
    return replace(known, holds=f"a {kind} of {size(found.size_bytes)}", guards=guards)


def _balancer(_session: Session, resource: Declared, known: Holding) -> Holding:
    if resource.outputs.get("enableDeletionProtection") is not True:
        return known
    return replace(known, guards=(*known.guards, DELETION_PROTECTION))


def _zone(session: Session, resource: Declared, known: Holding, ours: set[str]) -> Holding:
    zone = _text(resource.outputs, "zoneId")
    foreign = {name for name in cloud.zone_records(session, zone) if name not in ours} if zone else set()
    return replace(known, holds=counted(len(foreign), "foreign record") if foreign else "")


LOOKS: Mapping[str, Callable[[Session, Declared, Holding], Holding]] = {
    "aws:s3/bucket:Bucket": _bucket,
    "aws:backup/vault:Vault": _vault,
    "aws:rds/instance:Instance": _database,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
}


def _is_record(resource: Declared) -> bool:
    return resource.type.startswith("aws:") and resource.type.endswith(":Record")


def _region(resource: Declared) -> str:
    return _text(resource.outputs, "region")


def _text(values: Mapping[str, Any], *keys: str) -> str:
    """The first of these that is a text."""
    return next((value for key in keys if isinstance(value := values.get(key), str) and value), "")
