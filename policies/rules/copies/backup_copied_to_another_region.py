"""Backups made by AWS Backup are copied to another region."""

from collections.abc import Iterator

from ..kernel import CRITICAL, Context, Node, Resource, Rule
from ..kernel.checks import each
from ..kernel.resource import region_of_arn
from ..kernel.standards import BACKUP, OTHER_REGION
from ..kernel.values import Unknown


def check(r: Resource, ctx: Context) -> Iterator[str]:
    if ctx.facts.role_of(r) == "cold":
        return  # what the other sites copy to
    home = r.region()

    def where(action: Node) -> str | None:
        try:
            return region_of_arn(action["destinationVaultArn"].text())
        except Unknown:
            # A vault made in the same update: its address is not known, its region may be.
            for vault in ctx.stack.of("aws:backup/vault:Vault"):
                if r.property_dependencies and vault.urn in r.property_dependencies.get("rules", ()):
                    found = vault.region()
                    if found != home:
                        return found
            raise

    def look(rule: Node) -> Iterator[str]:
        regions = {where(action) for action in rule["copyActions"].items()} - {None, ""}
        if not regions:
            yield f"{rule.path}.copyActions names no vault"
        elif home and regions == {home}:
            yield f"{rule.path}.copyActions copies within {home} only"

    if not r["rules"].present():
        yield "rules is absent: nothing is copied"
    yield from each(r["rules"].items(), look)


RULE = Rule(
    id="DR-CPY-001",
    title="AWS Backup copies recovery points to another region",
    severity=CRITICAL,
    types=("aws:backup/plan:Plan",),
    scope="stack",
    checks=(check,),
    why="A vault lies in one region. Backups that were not copied are lost in the disaster they are for.",
    remedy="Give every rule a copyActions entry with a vault in a recovery region.",
    serves=(*BACKUP, *OTHER_REGION),
)
