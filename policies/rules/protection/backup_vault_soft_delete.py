"""Azure's backup vaults keep deleted recovery points."""

from collections.abc import Iterator

from ..kernel import CRITICAL, Context, Resource, Rule, days
from ..kernel.standards import DELETION

BASE = "properties.securitySettings.softDeleteSettings"


def state(r: Resource, ctx: Context) -> Iterator[str]:
    recovery_services = "recoveryservices" in r.type
    node = r[f"{BASE}.softDeleteState" if recovery_services else f"{BASE}.state"]
    # Left out, both kinds of vaults have it on (Azure docs).
    if ("on" if node.raw is None else node.text() or "").lower() not in ("on", "enabled", "alwayson"):
        yield f"{node.path} is {node.shown()}, needs to be {'AlwaysON' if recovery_services else 'AlwaysOn'}"


def kept(r: Resource, ctx: Context) -> Iterator[str]:
    recovery_services = "recoveryservices" in r.type
    node = r[f"{BASE}.{'softDeleteRetentionPeriodInDays' if recovery_services else 'retentionDurationInDays'}"]
    # Left out, both kinds keep 14 days.
    if (14 if node.raw is None else node.number() or 0) < ctx.number("minDays"):
        yield f"{node.path} is {node.shown()}, needs at least {ctx.number('minDays'):g} days"


RULE = Rule(
    id="DR-PRO-013",
    title="Azure backup vaults keep deleted recovery points",
    severity=CRITICAL,
    types=("azure-native:dataprotection:BackupVault", "azure-native:recoveryservices:Vault"),
    checks=(state, kept),
    thresholds=(days("minDays", 14, "how long a deleted recovery point can be had back"),),
    why="Whoever attacks a service deletes its backups first.",
    remedy="Set soft delete to AlwaysOn (dataprotection) or AlwaysON (recoveryservices): neither can be turned off.",
    serves=DELETION,
    see=(
        "Azure Policy 31b8092a-36b8-434b-9af7-5ec844364148",
        "Azure Policy 9798d31d-6028-4dee-8643-46102185c016",
    ),
)
