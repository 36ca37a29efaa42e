"""Encryption keys, their replicas in other regions, and aliases."""

import json
from typing import Any

from sandbox.providers.aws.base import AwsResource, same_document, tag_changes, tag_map
from sandbox.providers.aws.cloud import missing_is_none
from sandbox.providers.resource import Refused
from sandbox.providers.values import Properties


class Key(AwsResource):
    """aws.kms.Key"""

    type_name = "aws:kms/key:Key"
    sdk = ("kms", "Key")
    service = "kms"
    create_only = frozenset({"multiRegion", "keyUsage", "customerMasterKeySpec", "customKeyStoreId", "xksKeyId"})
    computed = ("arn", "keyId", "policy", "multiRegion", "rotationPeriodInDays", "tagsAll")
    defaults = {"isEnabled": True, "customerMasterKeySpec": "SYMMETRIC_DEFAULT", "keyUsage": "ENCRYPT_DECRYPT"} | {
        "enableKeyRotation": False, "bypassPolicyLockoutSafetyCheck": False,
    }  # fmt: skip
    write_only = frozenset({"deletionWindowInDays", "bypassPolicyLockoutSafetyCheck"})

    def create(self, inputs: Properties) -> str:
        kms = self.client(inputs)
        policy = {"Policy": inputs["policy"]} if inputs.get("policy") else {}
        made = kms.create_key(
            Description=inputs.get("description") or "",
            MultiRegion=bool(inputs.get("multiRegion")),
            KeyUsage=inputs["keyUsage"],
            KeySpec=inputs["customerMasterKeySpec"],
            Tags=[{"TagKey": k, "TagValue": v} for k, v in (inputs.get("tags") or {}).items()],
            **policy,
        )["KeyMetadata"]
        if inputs["enableKeyRotation"]:
            kms.enable_key_rotation(KeyId=made["KeyId"])
        if not inputs["isEnabled"]:
            kms.disable_key(KeyId=made["KeyId"])
        return str(made["KeyId"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        kms = self.client(state, identity)
        shown = described(kms, identity)
        if shown is None:
            return None
        tags = tag_map(kms.list_resource_tags(KeyId=identity)["Tags"])
        return {
            "region": self.region(state, identity),
            "arn": shown["Arn"],
            "keyId": shown["KeyId"],
            "description": shown.get("Description", ""),
            "isEnabled": shown["Enabled"],
            "multiRegion": shown.get("MultiRegion", False),
            "keyUsage": shown["KeyUsage"],
            "customerMasterKeySpec": shown["KeySpec"],
            "enableKeyRotation": kms.get_key_rotation_status(KeyId=identity)["KeyRotationEnabled"],
            "policy": same_document(
                state.get("policy"), kms.get_key_policy(KeyId=identity, PolicyName="default")["Policy"]
            ),
            "tags": tags,
            "tagsAll": tags,
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        kms = self.client(new, identity)
        if "description" in changed:
            kms.update_key_description(KeyId=identity, Description=new.get("description") or "")
        if "enableKeyRotation" in changed:
            turn = kms.enable_key_rotation if new["enableKeyRotation"] else kms.disable_key_rotation
            turn(KeyId=identity)
        if "isEnabled" in changed:
            (kms.enable_key if new["isEnabled"] else kms.disable_key)(KeyId=identity)
        update_policy_and_tags(kms, identity, old, new, changed)

    def delete(self, identity: str, state: Properties) -> None:
        schedule_deletion(self.client(state, identity), identity, state)


class ReplicaKey(AwsResource):
    """aws.kms.ReplicaKey"""

    type_name = "aws:kms/replicaKey:ReplicaKey"
    sdk = ("kms", "ReplicaKey")
    service = "kms"
    create_only = frozenset({"primaryKeyArn"})
    computed = ("arn", "keyId", "keyRotationEnabled", "keySpec", "keyUsage", "policy", "tagsAll")
    defaults = {"enabled": True, "bypassPolicyLockoutSafetyCheck": False}
    write_only = frozenset({"deletionWindowInDays", "bypassPolicyLockoutSafetyCheck"})

    def create(self, inputs: Properties) -> str:
        arn, region = inputs["primaryKeyArn"], self.region(inputs)
        original = self.cloud.client("kms", arn.split(":")[3])
        policy = {"Policy": inputs["policy"]} if inputs.get("policy") else {}
        made = original.replicate_key(
            KeyId=arn,
            ReplicaRegion=region,
            Description=inputs.get("description") or "",
            Tags=[{"TagKey": k, "TagValue": v} for k, v in (inputs.get("tags") or {}).items()],
            **policy,
        )["ReplicaKeyMetadata"]
        if not inputs["enabled"]:
            self.client(inputs).disable_key(KeyId=made["KeyId"])
        return str(made["KeyId"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        kms = self.client(state, identity)
        shown = described(kms, identity)
        if shown is None:
            return None
        multi = shown.get("MultiRegionConfiguration") or {}
        if multi.get("MultiRegionKeyType") != "REPLICA":
            raise Refused(f"{shown['Arn']} is not a multi-Region replica key")
        tags = tag_map(kms.list_resource_tags(KeyId=identity)["Tags"])
        return {
            "region": self.region(state, identity),
            "arn": shown["Arn"],
            "keyId": shown["KeyId"],
            "primaryKeyArn": multi["PrimaryKey"]["Arn"],
            "description": shown.get("Description", ""),
            "enabled": shown["Enabled"],
            "keySpec": shown["KeySpec"],
            "keyUsage": shown["KeyUsage"],
            "keyRotationEnabled": kms.get_key_rotation_status(KeyId=identity)["KeyRotationEnabled"],
            "policy": same_document(
                state.get("policy"), kms.get_key_policy(KeyId=identity, PolicyName="default")["Policy"]
            ),
            "tags": tags,
            "tagsAll": tags,
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        kms = self.client(new, identity)
        if "description" in changed:
            kms.update_key_description(KeyId=identity, Description=new.get("description") or "")
        if "enabled" in changed:
            (kms.enable_key if new["enabled"] else kms.disable_key)(KeyId=identity)
        update_policy_and_tags(kms, identity, old, new, changed)

    def delete(self, identity: str, state: Properties) -> None:
        schedule_deletion(self.client(state, identity), identity, state)


class Alias(AwsResource):
    """aws.kms.Alias"""

    type_name = "aws:kms/alias:Alias"
    sdk = ("kms", "Alias")
    service = "kms"
    name = "name"
    name_pattern = "alias/{name}-{suffix}"
    create_only = frozenset({"name", "namePrefix"})
    computed = ("arn", "targetKeyArn")

    def create(self, inputs: Properties) -> str:
        self.client(inputs).create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return str(inputs["name"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        kms = self.client(state, identity)
        found = next((a for a in kms.list_aliases()["Aliases"] if a["AliasName"] == identity), None)
        if found is None or described(kms, found["TargetKeyId"]) is None:
            return None
        arn = kms.describe_key(KeyId=found["TargetKeyId"])["KeyMetadata"]["Arn"]
        declared = state.get("targetKeyId")
        return {
            "region": self.region(state, identity),
            "name": identity,
            "arn": found["AliasArn"],
            "targetKeyId": declared if declared in (arn, found["TargetKeyId"]) else found["TargetKeyId"],
            "targetKeyArn": arn,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        self.client(new, identity).update_alias(AliasName=identity, TargetKeyId=new["targetKeyId"])

    def delete(self, identity: str, state: Properties) -> None:
        kms = self.client(state, identity)
        missing_is_none(lambda: kms.delete_alias(AliasName=identity), "NotFoundException")


def described(kms: Any, identity: str) -> dict[str, Any] | None:
    """None also for a key that waits for its deletion: to a program it is gone."""
    found = missing_is_none(lambda: kms.describe_key(KeyId=identity), "NotFoundException")
    if found is None or found["KeyMetadata"]["KeyState"] in ("PendingDeletion", "PendingReplicaDeletion"):
        return None
    shown: dict[str, Any] = found["KeyMetadata"]
    return shown


def update_policy_and_tags(kms: Any, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
    if "policy" in changed and new.get("policy"):
        json.loads(new["policy"])
        kms.put_key_policy(KeyId=identity, PolicyName="default", Policy=new["policy"])
    if "tags" in changed:
        wanted, unwanted = tag_changes(old, new)
        if unwanted:
            kms.untag_resource(KeyId=identity, TagKeys=unwanted)
        if wanted:
            kms.tag_resource(KeyId=identity, Tags=[{"TagKey": k, "TagValue": v} for k, v in wanted.items()])


def schedule_deletion(kms: Any, identity: str, state: Properties) -> None:
    if described(kms, identity) is None:
        return
    days = state.get("deletionWindowInDays") or 30
    kms.schedule_key_deletion(KeyId=identity, PendingWindowInDays=days)


RESOURCES = (Key, ReplicaKey, Alias)
