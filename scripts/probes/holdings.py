"""What a stack holds that would be lost with it, and what keeps it from being deleted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from model import names
from scripts.clouds import aws_holdings as cloud

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model import Plan
    from scripts.clouds.aws import Aws
    from scripts.packs.analyzer import PackResource

PROTECTED = "protected"  # by Pulumi
DELETION_PROTECTION = "deletion protection"


@dataclass(frozen=True)
class Holding:
    """
    Something of a stack that is not deleted without being asked for by name. `holds` is the data in it, empty for none;
    `guards` can be lifted. `stuck` says why nobody can delete it, and `until` when that ends (None: it is not known).
    """

    stack: str
    kind: str
    name: str
    holds: str = ""
    guards: tuple[str, ...] = ()
    stuck: str = ""
    until: datetime | None = None

    def __str__(self) -> str:
        what = ", ".join(filter(None, (self.holds, *self.guards)))
        return f"{self.kind} {self.name}" + (f" ({what})" if what else "")


def holdings(plan: Plan, stack: str, resources: Iterable[PackResource], aws: Aws) -> list[Holding]:
    """
    What holds data or is guarded, of the stack's resources and of what its databases left behind. Raises CloudFailed
    where the cloud cannot be asked.
    """
    kept = list(resources)
    zone_names = {_text(each.outputs, "fqdn") or _text(each.outputs, "name") for each in kept if _is(each, "Record")}
    found = []
    for resource in kept:
        guards = (PROTECTED,) if resource.protect else ()
        kind = resource.type.rpartition(":")[2]
        name = _text(resource.outputs, "bucket", "identifier", "name") or resource.name
        holding = Holding(stack, kind, name, guards=guards)
        look = LOOKS.get(resource.type)
        if look is not None:
            holding = look(aws, resource, holding)
        elif _is(resource, "Zone"):
            holding = _zone(aws, resource, holding, zone_names)
        if holding.holds or holding.guards or holding.stuck:
            found.append(holding)
    return found + left_behind(plan, stack, aws)


def _is(resource: PackResource, kind: str) -> bool:
    return resource.type.startswith("aws:") and resource.type.endswith(f":{kind}")


def _bucket(aws: Aws, resource: PackResource, known: Holding) -> Holding:
    contents = cloud.bucket(aws, _region(resource), _text(resource.outputs, "bucket"))
    if contents is None or not contents.count:
        return known
    more = "more than " if contents.more else ""
    holds = f"{more}{counted(contents.count, 'object version')}, {size(contents.size_bytes)}"
    stuck = f"{counted(contents.locked, 'object version')} locked for good" if contents.locked else ""
    return replace(known, holds=holds, stuck=stuck, until=contents.until)


def _vault(aws: Aws, resource: PackResource, known: Holding) -> Holding:
    found = cloud.vault(aws, _region(resource), _text(resource.outputs, "name"))
    if found is None:
        return known
    contents, lock = found
    points = counted(contents.count, "recovery point")
    holds = f"{points}, {size(contents.size_bytes)}" if contents.count else ""
    if lock is None:
        return replace(known, holds=holds)
    reason = lock.why_not_remove(datetime.now(UTC)) or ""
    return replace(known, holds=holds, guards=(*known.guards, "vault lock"), stuck=reason, until=contents.until)


def _database(aws: Aws, resource: PackResource, known: Holding) -> Holding:
    found = cloud.database(aws, _region(resource), _text(resource.outputs, "identifier"))
    if found is None:
        return known
    guards = (*known.guards, DELETION_PROTECTION) if found.protected else known.guards
    kind = "replica" if found.replica else "database"
    return replace(known, holds=f"a {kind} of {size(found.size_bytes)}", guards=guards)


def _balancer(_aws: Aws, resource: PackResource, known: Holding) -> Holding:
    if resource.outputs.get("enableDeletionProtection") is not True:
        return known
    return replace(known, guards=(*known.guards, DELETION_PROTECTION))


def _zone(aws: Aws, resource: PackResource, known: Holding, ours: set[str]) -> Holding:
    zone = _text(resource.outputs, "zoneId")
    foreign = {name for name in cloud.zone_records(aws, zone) if name not in ours} if zone else set()
    return replace(known, holds=counted(len(foreign), "foreign record") if foreign else "")


LOOKS: dict[str, Callable[[Aws, PackResource, Holding], Holding]] = {
    "aws:s3/bucket:Bucket": _bucket,
    "aws:backup/vault:Vault": _vault,
    "aws:rds/instance:Instance": _database,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
}


def left_behind(plan: Plan, stack: str, aws: Aws) -> list[Holding]:
    """
    What Pulumi knows nothing of any more: snapshots that stayed when a database was retired or deleted, and automated
    backups of databases that are gone. In the stack's own region.
    """
    site = plan.sites_by_stack.get(stack)
    if site is None:
        return []
    own, any_site = _incarnations(plan, [site.name]), _incarnations(plan, [each.name for each in plan.sites])
    taken = [
        Holding(stack, "Snapshot", name, f"a copy of {source}, outside Pulumi")
        for name, source in cloud.snapshots(aws, site.region).items()
        if own.fullmatch(source)
    ]
    kept = [
        Holding(stack, "AutomatedBackup", arn, f"a copy of {source}, outside Pulumi")
        for arn, source in cloud.kept_backups(aws, site.region).items()
        if any_site.fullmatch(source)
    ]
    return taken + kept


def delete_left_behind(plan: Plan, stack: str, aws: Aws) -> list[Holding]:
    """Delete it; gives what was there. Raises CloudFailed."""
    found = left_behind(plan, stack, aws)
    for each in found:
        delete = cloud.delete_snapshot if each.kind == "Snapshot" else cloud.delete_kept_backup
        delete(aws, plan.sites_by_stack[stack].region, each.name)
    return found


def _incarnations(plan: Plan, sites: Iterable[str]) -> re.Pattern[str]:
    """Matches the identifier of every incarnation of the plan's databases in these sites, and of no other system's."""
    stems = [
        re.escape(names.database_identifier(plan, site, database.name, 0).removesuffix("0"))
        for site in sites
        for database in plan.incarnated_stores
    ]
    return re.compile(rf"(?:{'|'.join(stems)})\d+" if stems else r"(?!)")


def _region(resource: PackResource) -> str:
    return _text(resource.outputs, "region")


def _text(values: Mapping[str, Any], *keys: str) -> str:
    """The first of these that is a text."""
    return next((value for key in keys if isinstance(value := values.get(key), str) and value), "")


def counted(number: int, what: str) -> str:
    """`1 object version`, `2 object versions`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def size(number: int) -> str:
    """`0 B`, `1.2 MiB`."""
    value, units = float(number), ("B", "KiB", "MiB", "GiB", "TiB")
    for unit in units:
        if value < 1024 or unit == units[-1]:
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError
