"""Virtual machines in Azure are backed up."""

from collections.abc import Iterator

from ..kernel import MEDIUM, Context, Resource, Rule
from ..kernel.standards import BACKUP

ITEM = "azure-native:recoveryservices:ProtectedItem"


def check(r: Resource, ctx: Context) -> Iterator[str]:
    def protects(item: Resource) -> bool:
        if (item["properties.protectionState"].text() or "").lower() == "protectionstopped":
            return False
        # Azure Backup calls an item by its machine: `vm;iaasvmcontainerv2;GROUP;NAME`.
        named = (item["protectedItemName"].text() or "").rsplit(";", 1)[-1].lower()
        if named in {name.lower() for name in r.names}:
            return True
        return any(item.refers_to(f"properties.{key}", r) for key in ("sourceResourceId", "virtualMachineId"))

    if ctx.stack.first((ITEM,), protects) is None:
        yield "no ProtectedItem of a Recovery Services vault names it"


RULE = Rule(
    id="DR-CPY-007",
    title="Azure virtual machines are in a backup policy",
    severity=MEDIUM,
    types=("azure-native:compute:VirtualMachine",),
    scope="stack",
    checks=(check,),
    reads=(ITEM,),
    why="A machine's disks are backed up by a vault or not at all.",
    remedy="Add a ProtectedItem whose properties.sourceResourceId is the machine; waive it for machines without data.",
    serves=BACKUP,
    see=("Azure Policy 013e242c-8828-4970-87b3-ab247555486d", "prowler vm_backup_enabled"),
)
