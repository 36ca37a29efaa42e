"""Secrets and their versions."""

from typing import Any

from sandbox.providers.aws.base import AwsResource, tag_changes, tag_list, tag_map, tagged
from sandbox.providers.aws.cloud import missing_is_none
from sandbox.providers.values import Properties

NOT_FOUND = ("ResourceNotFoundException",)


class Secret(AwsResource):
    """aws.secretsmanager.Secret: replicas are added and removed in place; the name is ForceNew."""

    type_name = "aws:secretsmanager/secret:Secret"
    sdk = ("secretsmanager", "Secret")
    service = "secretsmanager"
    name = "name"
    create_only = frozenset({"name", "namePrefix"})
    computed = ("arn", "policy", "replicas", "tagsAll")
    defaults = {"forceOverwriteReplicaSecret": False, "recoveryWindowInDays": 30}
    write_only = frozenset({"forceOverwriteReplicaSecret", "recoveryWindowInDays"})

    def create(self, inputs: Properties) -> str:
        client = self.client(inputs)
        key = {"KmsKeyId": inputs["kmsKeyId"]} if inputs.get("kmsKeyId") else {}
        replicas = {"AddReplicaRegions": _regions(inputs["replicas"])} if inputs.get("replicas") else {}
        made = client.create_secret(
            Name=inputs["name"],
            Description=inputs.get("description") or "",
            **tagged(inputs),
            ForceOverwriteReplicaSecret=bool(inputs["forceOverwriteReplicaSecret"]),
            **key,
            **replicas,
        )
        return str(made["ARN"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        client = self.client(state, identity)
        shown = missing_is_none(lambda: client.describe_secret(SecretId=identity), *NOT_FOUND)
        if shown is None or shown.get("DeletedDate"):
            return None
        tags = tag_map(shown.get("Tags"))
        replicas = [
            {
                "region": status["Region"],
                "status": status.get("Status"),
                **({"kmsKeyId": status["KmsKeyId"]} if status.get("KmsKeyId") else {}),
            }
            for status in shown.get("ReplicationStatus", [])
        ]
        order = [replica["region"] for replica in state.get("replicas") or []]
        replicas.sort(key=lambda replica: order.index(replica["region"]) if replica["region"] in order else len(order))
        return {
            "region": self.region(state, identity),
            "arn": shown["ARN"],
            "name": shown["Name"],
            "description": shown.get("Description") or "",
            **({"kmsKeyId": shown["KmsKeyId"]} if shown.get("KmsKeyId") else {}),
            "replicas": replicas,
            "tags": tags,
            "tagsAll": tags,
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        client = self.client(new, identity)
        if "replicas" in changed:
            before = {r["region"]: r.get("kmsKeyId") for r in old.get("replicas") or []}
            after = {r["region"]: r.get("kmsKeyId") for r in new.get("replicas") or []}
            gone = [region for region in before if region not in after]
            if gone:
                client.remove_regions_from_replication(SecretId=identity, RemoveReplicaRegions=gone)
            added = [r for r in new.get("replicas") or [] if r["region"] not in before]
            if added:
                client.replicate_secret_to_regions(
                    SecretId=identity,
                    AddReplicaRegions=_regions(added),
                    ForceOverwriteReplicaSecret=bool(new.get("forceOverwriteReplicaSecret")),
                )
        if "description" in changed or "kmsKeyId" in changed:
            key = {"KmsKeyId": new["kmsKeyId"]} if new.get("kmsKeyId") else {}
            client.update_secret(SecretId=identity, Description=new.get("description") or "", **key)
        if "tags" in changed:
            wanted, unwanted = tag_changes(old, new)
            if unwanted:
                client.untag_resource(SecretId=identity, TagKeys=unwanted)
            if wanted:
                client.tag_resource(SecretId=identity, Tags=tag_list(wanted))

    def delete(self, identity: str, state: Properties) -> None:
        client = self.client(state, identity)
        shown = missing_is_none(lambda: client.describe_secret(SecretId=identity), *NOT_FOUND)
        if shown is None or shown.get("DeletedDate"):
            return
        regions = [status["Region"] for status in shown.get("ReplicationStatus", [])]
        if regions:
            client.remove_regions_from_replication(SecretId=identity, RemoveReplicaRegions=regions)
        window = state.get("recoveryWindowInDays", 30)
        how: dict[str, Any] = {"RecoveryWindowInDays": window} if window else {"ForceDeleteWithoutRecovery": True}
        client.delete_secret(SecretId=identity, **how)


def _regions(replicas: list[Properties]) -> list[dict[str, str]]:
    return [{"Region": r["region"], **({"KmsKeyId": r["kmsKeyId"]} if r.get("kmsKeyId") else {})} for r in replicas]


class SecretVersion(AwsResource):
    """aws.secretsmanager.SecretVersion: another value is another version."""

    type_name = "aws:secretsmanager/secretVersion:SecretVersion"
    sdk = ("secretsmanager", "SecretVersion")
    service = "secretsmanager"
    create_only = frozenset({"secretId", "secretString", "secretBinary"})
    computed = ("arn", "versionId", "versionStages")
    secret = frozenset({"secretString", "secretBinary"})

    def create(self, inputs: Properties) -> str:
        stages = {"VersionStages": inputs["versionStages"]} if inputs.get("versionStages") else {}
        value = {"SecretString": inputs["secretString"]} if "secretString" in inputs else {}
        made = self.client(inputs).put_secret_value(SecretId=inputs["secretId"], **value, **stages)
        return f"{made['ARN']}|{made['VersionId']}"

    def read(self, identity: str, state: Properties) -> Properties | None:
        arn, version = identity.split("|")
        client = self.client(state, arn)
        shown = missing_is_none(lambda: client.get_secret_value(SecretId=arn, VersionId=version), *NOT_FOUND)
        if shown is None:
            return None
        declared = state.get("secretId")
        return {
            "region": self.region(state, arn),
            "secretId": declared if declared in (arn, shown["Name"]) else arn,
            "secretString": shown.get("SecretString"),
            "arn": shown["ARN"],
            "versionId": version,
            "versionStages": shown["VersionStages"],
        }

    def delete(self, identity: str, state: Properties) -> None:
        """The current version of a secret cannot be deleted; it goes with the secret, as in the real provider."""


RESOURCES = (Secret, SecretVersion)
