"""Azure SQL databases follow in another region."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.standards import OTHER_REGION

DATABASE = "azure-native:sql:Database"
GROUP = "azure-native:sql:FailoverGroup"


def last_part(text: str | None) -> str:
    return (text or "").rstrip("/").rpartition("/")[2].lower()


def is_primary(r: Resource) -> bool:
    return "secondary" not in (r["createMode"].text() or "").lower() and r["databaseName"].text() != "master"


def check(r: Resource, ctx: Context) -> Iterator[str]:
    if not is_primary(r) or ctx.facts.role_of(r) not in ("all", "active"):
        return
    name = last_part(r["databaseName"].text() or r.name)
    server = last_part(r["serverName"].text())

    def holds(group: Resource) -> bool:
        if last_part(group["serverName"].text()) != server:
            return False
        held = name in {last_part(member.text()) for member in group["databases"].items()}
        return held and group["partnerServers"].present()

    def copies(other: Resource) -> bool:
        return not is_primary(other) and last_part(other["sourceDatabaseId"].text()) == name

    if ctx.stack.first((GROUP,), holds) is None and ctx.stack.first((DATABASE,), copies) is None:
        yield "no FailoverGroup holds it and no secondary copies it"


RULE = Rule(
    id="DR-REP-011",
    title="Azure SQL databases follow in another region",
    severity=HIGH,
    types=(DATABASE,),
    scope="stack",
    reads=(GROUP,),
    checks=(check,),
    why="A geo-restore from backups takes hours and loses up to one; a failover group is switched in a minute.",
    remedy="Name the database in a FailoverGroup with a partner server in the recovery region.",
    serves=OTHER_REGION,
)
