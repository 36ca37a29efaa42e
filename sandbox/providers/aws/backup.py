"""AWS Backup: vaults and their locks, plans, selections."""

from typing import Any

from sandbox.providers.aws.base import AwsResource, tag_changes, to_api
from sandbox.providers.aws.cloud import missing_is_none
from sandbox.providers.values import Properties, project

NOT_FOUND = ("ResourceNotFoundException", "AccessDeniedException")


class Vault(AwsResource):
    """aws.backup.Vault"""

    type_name = "aws:backup/vault:Vault"
    sdk = ("backup", "Vault")
    service = "backup"
    name = "name"
    create_only = frozenset({"name", "kmsKeyArn"})
    computed = ("arn", "kmsKeyArn", "recoveryPoints", "tagsAll")
    write_only = frozenset({"forceDestroy"})

    def create(self, inputs: Properties) -> str:
        key = {"EncryptionKeyArn": inputs["kmsKeyArn"]} if inputs.get("kmsKeyArn") else {}
        self.client(inputs).create_backup_vault(
            BackupVaultName=inputs["name"], BackupVaultTags=inputs.get("tags") or {}, **key
        )
        return str(inputs["name"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        backup = self.client(state, identity)
        shown = missing_is_none(lambda: backup.describe_backup_vault(BackupVaultName=identity), *NOT_FOUND)
        if shown is None:
            return None
        tags = backup.list_tags(ResourceArn=shown["BackupVaultArn"]).get("Tags", {})
        return {
            "region": self.region(state, identity),
            "name": identity,
            "arn": shown["BackupVaultArn"],
            **({"kmsKeyArn": shown["EncryptionKeyArn"]} if shown.get("EncryptionKeyArn") else {}),
            "recoveryPoints": shown.get("NumberOfRecoveryPoints", 0),
            "tags": tags,
            "tagsAll": tags,
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        if "tags" in changed:
            backup = self.client(new, identity)
            retag(backup, backup.describe_backup_vault(BackupVaultName=identity)["BackupVaultArn"], old, new)

    def delete(self, identity: str, state: Properties) -> None:
        backup = self.client(state, identity)
        if state.get("forceDestroy"):
            missing_is_none(lambda: self._empty(backup, identity), *NOT_FOUND)
        missing_is_none(lambda: backup.delete_backup_vault(BackupVaultName=identity), *NOT_FOUND)

    def _empty(self, backup: Any, vault: str) -> None:
        for point in backup.list_recovery_points_by_backup_vault(BackupVaultName=vault)["RecoveryPoints"]:
            backup.delete_recovery_point(BackupVaultName=vault, RecoveryPointArn=point["RecoveryPointArn"])


class VaultLockConfiguration(AwsResource):
    """aws.backup.VaultLockConfiguration: every field is ForceNew; changeableForDays is not read back."""

    type_name = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
    sdk = ("backup", "VaultLockConfiguration")
    service = "backup"
    create_only = frozenset({"*"})
    computed = ("backupVaultArn",)
    write_only = frozenset({"changeableForDays"})

    def create(self, inputs: Properties) -> str:
        names = {
            "minRetentionDays": "MinRetentionDays",
            "maxRetentionDays": "MaxRetentionDays",
            "changeableForDays": "ChangeableForDays",
        }
        days = {api: inputs[name] for name, api in names.items() if inputs.get(name) is not None}
        self.client(inputs).put_backup_vault_lock_configuration(BackupVaultName=inputs["backupVaultName"], **days)
        return str(inputs["backupVaultName"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        backup = self.client(state, identity)
        shown = missing_is_none(lambda: backup.describe_backup_vault(BackupVaultName=identity), *NOT_FOUND)
        if shown is None or not shown.get("Locked"):
            return None
        days = {"minRetentionDays": shown.get("MinRetentionDays"), "maxRetentionDays": shown.get("MaxRetentionDays")}
        return {
            "region": self.region(state, identity),
            "backupVaultName": identity,
            "backupVaultArn": shown["BackupVaultArn"],
            **{name: value for name, value in days.items() if value is not None},
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def delete(self, identity: str, state: Properties) -> None:
        backup = self.client(state, identity)
        missing_is_none(lambda: backup.delete_backup_vault_lock_configuration(BackupVaultName=identity), *NOT_FOUND)


class Plan(AwsResource):
    """aws.backup.Plan"""

    type_name = "aws:backup/plan:Plan"
    sdk = ("backup", "Plan")
    service = "backup"
    name = "name"
    create_only = frozenset({"name"})
    computed = ("arn", "version", "tagsAll")

    def create(self, inputs: Properties) -> str:
        made = self.client(inputs).create_backup_plan(BackupPlan=_plan(inputs), BackupPlanTags=inputs.get("tags") or {})
        return str(made["BackupPlanId"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        backup = self.client(state, identity)
        shown = missing_is_none(lambda: backup.get_backup_plan(BackupPlanId=identity), *NOT_FOUND)
        if shown is None or shown.get("DeletionDate"):
            return None
        tags = backup.list_tags(ResourceArn=shown["BackupPlanArn"]).get("Tags", {})
        real = [_rule(rule) for rule in shown["BackupPlan"]["Rules"]]
        declared = state.get("rules") or []
        return {
            "region": self.region(state, identity),
            "name": shown["BackupPlan"]["BackupPlanName"],
            "arn": shown["BackupPlanArn"],
            "version": shown["VersionId"],
            "rules": [_declared_rule(d, r) for d, r in zip(declared, real, strict=False)]
            if len(declared) == len(real)
            else real,
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        backup = self.client(new, identity)
        backup.update_backup_plan(BackupPlanId=identity, BackupPlan=_plan(new))
        if "tags" in changed:
            retag(backup, backup.get_backup_plan(BackupPlanId=identity)["BackupPlanArn"], old, new)

    def delete(self, identity: str, state: Properties) -> None:
        backup = self.client(state, identity)
        missing_is_none(lambda: backup.delete_backup_plan(BackupPlanId=identity), *NOT_FOUND)


RULE_NAMES = {
    "ruleName": "RuleName",
    "targetVaultName": "TargetBackupVaultName",
    "schedule": "ScheduleExpression",
    "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
    "startWindow": "StartWindowMinutes",
    "completionWindow": "CompletionWindowMinutes",
    "enableContinuousBackup": "EnableContinuousBackup",
    "recoveryPointTags": "RecoveryPointTags",
    "lifecycle": "Lifecycle",
    "copyActions": "CopyActions",
    "destinationVaultArn": "DestinationBackupVaultArn",
    "deleteAfter": "DeleteAfterDays",
    "coldStorageAfter": "MoveToColdStorageAfterDays",
}


def _plan(inputs: Properties) -> dict[str, Any]:
    return {"BackupPlanName": inputs["name"], "Rules": [to_api(rule, RULE_NAMES) for rule in inputs["rules"]]}


def _rule(rule: dict[str, Any]) -> Properties:
    names = {api: name for name, api in RULE_NAMES.items()}

    def back(value: Any) -> Any:
        if isinstance(value, dict):
            return {names.get(key, key): back(item) for key, item in value.items()}
        return [back(item) for item in value] if isinstance(value, list) else value

    found: Properties = back(rule)
    return found


def _declared_rule(declared: Properties, real: Properties) -> Properties:
    empty = {key: value for key, value in declared.items() if value in ([], {})}
    return {**empty, **project(declared, real)}


class Selection(AwsResource):
    """aws.backup.Selection: a selection has no update."""

    type_name = "aws:backup/selection:Selection"
    sdk = ("backup", "Selection")
    service = "backup"
    name = "name"
    create_only = frozenset({"*"})
    computed = ("notResources", "conditions")

    def create(self, inputs: Properties) -> str:
        selection: dict[str, Any] = {"SelectionName": inputs["name"], "IamRoleArn": inputs["iamRoleArn"]}
        if inputs.get("resources"):
            selection["Resources"] = inputs["resources"]
        if inputs.get("selectionTags"):
            selection["ListOfTags"] = [
                {"ConditionType": tag["type"], "ConditionKey": tag["key"], "ConditionValue": tag["value"]}
                for tag in inputs["selectionTags"]
            ]
        made = self.client(inputs).create_backup_selection(BackupPlanId=inputs["planId"], BackupSelection=selection)
        return str(made["SelectionId"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        backup, plan = self.client(state, identity), state["planId"]
        shown = missing_is_none(
            lambda: backup.get_backup_selection(BackupPlanId=plan, SelectionId=identity), *NOT_FOUND
        )
        if shown is None:
            return None
        selection = shown["BackupSelection"]
        tags = [
            {"type": tag["ConditionType"], "key": tag["ConditionKey"], "value": tag["ConditionValue"]}
            for tag in selection.get("ListOfTags", [])
        ]
        return {
            "region": self.region(state, identity),
            "planId": plan,
            "name": selection["SelectionName"],
            "iamRoleArn": selection["IamRoleArn"],
            "resources": selection.get("Resources", []),
            "selectionTags": tags,
        }

    def delete(self, identity: str, state: Properties) -> None:
        backup, plan = self.client(state, identity), state["planId"]
        missing_is_none(lambda: backup.delete_backup_selection(BackupPlanId=plan, SelectionId=identity), *NOT_FOUND)


def retag(backup: Any, arn: str, old: Properties, new: Properties) -> None:
    wanted, unwanted = tag_changes(old, new)
    if unwanted:
        backup.untag_resource(ResourceArn=arn, TagKeyList=unwanted)
    if wanted:
        backup.tag_resource(ResourceArn=arn, Tags=wanted)


RESOURCES = (Vault, VaultLockConfiguration, Plan, Selection)
