"""What holds data in Azure has a lock against deletion."""

import re
from collections.abc import Iterator

from ..kernel import MEDIUM, Context, Resource, Rule
from ..kernel.standards import DELETION
from ..kernel.stateful import AZURE_WITHOUT_OWN_PROTECTION, of_data

LOCKS = (
    "azure-native:authorization:ManagementLockByScope",
    "azure-native:authorization:ManagementLockAtResourceGroupLevel",
    "azure-native:authorization:ManagementLockAtResourceLevel",
    "azure-native:authorization:ManagementLockAtSubscriptionLevel",
)


def check(r: Resource, ctx: Context) -> Iterator[str]:
    def covers(lock: Resource) -> bool:
        if (lock["level"].text() or "").lower() not in ("cannotdelete", "readonly"):
            return False
        if lock.type.endswith("SubscriptionLevel"):
            return True
        if lock.type.endswith("GroupLevel"):
            return (lock["resourceGroupName"].text() or "?") == (r["resourceGroupName"].text() or "")
        if lock.type.endswith("ByScope"):
            return _scope_covers(lock, r)
        return lock["resourceName"].text() in {r.name, r["name"].text()} - {None}

    if ctx.stack.first(LOCKS, covers) is None:
        yield "no management lock of level CanNotDelete covers it"


def _scope_covers(lock: Resource, r: Resource) -> bool:
    if lock.refers_to("scope", r):
        return True
    scope = (lock["scope"].text() or "").rstrip("/").lower()
    group = (r["resourceGroupName"].text() or "").lower()
    if re.fullmatch(r"/subscriptions/[^/]+", scope):
        return True  # of everything in the subscription
    return bool(group) and scope.endswith(f"/resourcegroups/{group}")


RULE = Rule(
    id="DR-PRO-011",
    title="What holds data in Azure has a lock against deletion",
    severity=MEDIUM,
    types=AZURE_WITHOUT_OWN_PROTECTION,
    scope="stack",
    checks=(of_data(check),),
    why="PostgreSQL, Cosmos DB and storage accounts have no deletion protection of their own; the portal deletes them.",
    remedy="Add a ManagementLock of level CanNotDelete on the resource or its resource group.",
    serves=DELETION,
)
