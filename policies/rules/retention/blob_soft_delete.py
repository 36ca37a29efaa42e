"""Deleted blobs and containers can be had back."""

from ..kernel import HIGH, Rule, days
from ..kernel.checks import at_least, is_true
from ..kernel.standards import BACKUP
from ..kernel.stateful import of_data

RULE = Rule(
    id="DR-RET-012",
    title="Deleted blobs and containers can be had back",
    severity=HIGH,
    types=("azure-native:storage:BlobServiceProperties",),
    checks=(
        is_true("deleteRetentionPolicy.enabled"),
        of_data(at_least("deleteRetentionPolicy.days", "minDays")),
        is_true("containerDeleteRetentionPolicy.enabled"),
        at_least("containerDeleteRetentionPolicy.days", "minDays"),
    ),
    thresholds=(days("minDays", 30, "how long a deleted blob can be had back"),),
    why="Soft delete is off unless asked for, and deletion of a container takes all of its blobs at once.",
    remedy="Enable deleteRetentionPolicy and containerDeleteRetentionPolicy with enough days.",
    fix={
        "deleteRetentionPolicy.enabled": True,
        "deleteRetentionPolicy.days": "$minDays",
        "containerDeleteRetentionPolicy.enabled": True,
        "containerDeleteRetentionPolicy.days": "$minDays",
    },
    serves=BACKUP,
    see=(
        "checkov CKV2_AZURE_38",
        "Azure Policy 9fbd64e3-67b8-489b-98e5-fa0007d17e76",
        "prowler storage_ensure_soft_delete_is_enabled",
    ),
    differs=(
        "CKV2_AZURE_38 asks for any soft delete of blobs, this rule for `minDays` of it and for that of containers "
        "too: what keeps fewer days passes there."
    ),
)
