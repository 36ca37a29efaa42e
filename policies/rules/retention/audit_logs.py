"""Who used the secrets of a Key Vault is logged, and the log is kept until a breach is found."""

from collections.abc import Iterator

from ..kernel import HIGH, MEDIUM, Context, Resource, Rule, days
from ..kernel.checks import at_least
from ..kernel.standards import NIST_AUDIT, NIST_KEYS

SETTING = "azure-native:monitor:DiagnosticSetting"


def is_logged(r: Resource, ctx: Context) -> Iterator[str]:
    def takes_audit(setting: Resource) -> bool:
        groups = {
            (log["categoryGroup"].text() or log["category"].text() or "").lower()
            for log in setting["logs"].items()
            if log["enabled"].flag() is not False
        }
        return bool(groups & {"audit", "alllogs", "auditevent"})

    if ctx.stack.first_naming((SETTING,), "resourceUri", r, takes_audit) is None:
        yield "no DiagnosticSetting of it sends its audit log anywhere"


RULES = (
    Rule(
        id="DR-RET-033",
        title="Workspaces of logs keep them until a breach is found",
        severity=MEDIUM,
        types=("azure-native:operationalinsights:Workspace",),
        checks=(at_least("retentionInDays", "minDays", absent=30),),
        thresholds=(days("minDays", 90, "how long logs are kept"),),
        why="Unless asked for more, logs are kept 30 days, and whoever got in is found later than that.",
        remedy="Set retentionInDays to 90 or more.",
        fix={"retentionInDays": "$minDays"},
        serves=(NIST_AUDIT,),
    ),
    Rule(
        id="DR-RET-034",
        title="Key Vaults log who used what is in them",
        severity=HIGH,
        types=("azure-native:keyvault:Vault",),
        scope="stack",
        checks=(is_logged,),
        why="After a compromise nobody knows which secrets were read, and all of them have to be changed.",
        remedy="Add a monitor.DiagnosticSetting with categoryGroup audit, to a workspace that keeps it.",
        serves=(NIST_AUDIT, NIST_KEYS),
        see=("Azure Policy cf820ca0-f99e-4f3e-84fb-66e913812d21",),
    ),
)
