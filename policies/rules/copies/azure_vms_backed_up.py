"""Virtual machines in Azure are backed up."""

from collections.abc import Iterator

from ..kernel import MEDIUM, Context, Resource, Rule
from ..kernel.context import Stack
from ..kernel.standards import BACKUP
from ..kernel.values import Unknown

ITEM = "azure-native:recoveryservices:ProtectedItem"


KEYS = ("sourceResourceId", "virtualMachineId")


def by_machine(stack: Stack) -> dict[str, list[Resource]]:
    """The protected items by the machine in their names: `vm;iaasvmcontainerv2;GROUP;NAME`."""
    found: dict[str, list[Resource]] = {}
    for item in stack.of(ITEM):
        try:
            name = (item["protectedItemName"].text() or "").rsplit(";", 1)[-1].lower()
        except Unknown:
            continue  # what it protects may still be said by its properties
        found.setdefault(name, []).append(item)
    return found


def protects(item: Resource) -> bool:
    return (item["properties.protectionState"].text() or "").lower() != "protectionstopped"


def check(r: Resource, ctx: Context) -> Iterator[str]:
    items: dict[str, list[Resource]] = ctx.stack.remembered("protected items", lambda: by_machine(ctx.stack))
    if any(protects(item) for name in r.names for item in items.get(name.lower(), ())):
        return
    if all(ctx.stack.first_naming((ITEM,), f"properties.{key}", r, protects) is None for key in KEYS):
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
