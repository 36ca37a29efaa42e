"""Databases: instances, replicas, restores, replicated backups."""

from typing import Any

from sandbox.providers.aws.base import AwsResource, tag_changes, tag_list, tag_map, tagged
from sandbox.providers.aws.cloud import missing_is_none, wait_for
from sandbox.providers.resource import HalfMade, Refused
from sandbox.providers.values import Properties

FIELDS = {
    "instanceClass": "DBInstanceClass",
    "engine": "Engine",
    "engineVersion": "EngineVersion",
    "allocatedStorage": "AllocatedStorage",
    "maxAllocatedStorage": "MaxAllocatedStorage",
    "dbName": "DBName",
    "username": "MasterUsername",
    "multiAz": "MultiAZ",
    "availabilityZone": "AvailabilityZone",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "backupWindow": "PreferredBackupWindow",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "storageType": "StorageType",
    "storageEncrypted": "StorageEncrypted",
    "storageThroughput": "StorageThroughput",
    "iops": "Iops",
    "kmsKeyId": "KmsKeyId",
    "port": "Port",
    "publiclyAccessible": "PubliclyAccessible",
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "deletionProtection": "DeletionProtection",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "monitoringInterval": "MonitoringInterval",
    "monitoringRoleArn": "MonitoringRoleArn",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "caCertIdentifier": "CACertificateIdentifier",
    "licenseModel": "LicenseModel",
    "networkType": "NetworkType",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "parameterGroupName": "DBParameterGroupName",
    "vpcSecurityGroupIds": "VpcSecurityGroupIds",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
}
NOT_FOR_A_REPLICA = {"engine", "engineVersion", "dbName", "username", "storageEncrypted", "licenseModel"}
ONLY_BY_MODIFY = {"backupRetentionPeriod", "backupWindow", "maintenanceWindow"}
"""Which CreateDBInstanceReadReplica and the restores do not take; the provider modifies afterwards."""

NOT_FOR_A_RESTORE = {"allocatedStorage", "maxAllocatedStorage", "username", "storageEncrypted", "kmsKeyId"} | {
    "engineVersion", "monitoringInterval", "monitoringRoleArn", "performanceInsightsEnabled", "caCertIdentifier",
    "performanceInsightsRetentionPeriod", "performanceInsightsKmsKeyId",
}  # fmt: skip
NOT_FOUND = ("DBInstanceNotFound", "DBInstanceNotFoundFault")


class Instance(AwsResource):
    """
    aws.rds.Instance.

    Removing replicateSourceDb promotes in place; another source is an error; what is ForceNew upstream replaces
    (terraform-provider-aws, resource aws_db_instance).
    """

    type_name = "aws:rds/instance:Instance"
    sdk = ("rds", "Instance")
    service = "rds"
    name = "identifier"
    create_only = frozenset(
        {"availabilityZone", "characterSetName", "dbName", "engine", "identifier", "identifierPrefix", "kmsKeyId"}
        | {"ncharCharacterSetName", "restoreToPointInTime", "s3Import", "snapshotIdentifier", "storageEncrypted"}
        | {"timezone", "username"}
    )
    computed = (
        *("address", "arn", "endpoint", "engineVersionActual", "hostedZoneId", "latestRestorableTime", "port"),
        *("resourceId", "status", "replicas", "tagsAll", "availabilityZone", "engine", "engineVersion", "username"),
        *("allocatedStorage", "backupWindow", "maintenanceWindow", "caCertIdentifier", "dbName", "kmsKeyId"),
    )
    write_only = frozenset(
        {"password", "applyImmediately", "skipFinalSnapshot", "finalSnapshotIdentifier", "deleteAutomatedBackups"}
        | {
            "snapshotIdentifier",
            "restoreToPointInTime",
            "allowMajorVersionUpgrade",
            "blueGreenUpdate",
            "upgradeStorageConfig",
        }
        | {"identifierPrefix", "replicaMode", "passwordWo", "passwordWoVersion"}
    )
    secret = frozenset({"password"})

    def check(self, inputs: Properties, old: Properties) -> list[tuple[str, str]]:
        faults = super().check(inputs, old)
        if inputs.get("replicateSourceDb"):
            clashing = [p for p in ("dbName", "engine", "engineVersion", "username") if inputs.get(p) is not None]
            faults += [(p, f"{p} conflicts with replicateSourceDb") for p in clashing]
        if inputs.get("restoreToPointInTime") and not inputs.get("identifier"):
            faults.append(("identifier", "must be given with restoreToPointInTime"))
        return faults

    def create(self, inputs: Properties) -> str:
        rds, identifier = self.client(inputs), inputs["identifier"]
        if inputs.get("replicateSourceDb"):
            skipped = NOT_FOR_A_REPLICA | ONLY_BY_MODIFY
            rds.create_db_instance_read_replica(
                DBInstanceIdentifier=identifier,
                SourceDBInstanceIdentifier=inputs["replicateSourceDb"],
                **tagged(inputs),
                **self._fields(inputs, skipped),
            )
        elif inputs.get("restoreToPointInTime"):
            skipped = NOT_FOR_A_RESTORE | ONLY_BY_MODIFY
            rds.restore_db_instance_to_point_in_time(
                TargetDBInstanceIdentifier=identifier,
                **tagged(inputs),
                **_point_in_time(inputs["restoreToPointInTime"]),
                **self._fields(inputs, skipped),
            )
        elif inputs.get("snapshotIdentifier"):
            skipped = NOT_FOR_A_RESTORE | ONLY_BY_MODIFY
            rds.restore_db_instance_from_db_snapshot(
                DBInstanceIdentifier=identifier,
                DBSnapshotIdentifier=inputs["snapshotIdentifier"],
                **tagged(inputs),
                **self._fields(inputs, skipped),
            )
        else:
            skipped = set()
            password = {"MasterUserPassword": inputs["password"]} if inputs.get("password") else {}
            rds.create_db_instance(
                DBInstanceIdentifier=identifier,
                **tagged(inputs),
                **password,
                **{"BackupRetentionPeriod": 0, **self._fields(inputs, skipped)},
            )
        shown = self._settled(rds, identifier)
        later = {
            name: inputs[name]
            for name in ONLY_BY_MODIFY & skipped
            if inputs.get(name) is not None and inputs[name] != shown.get(FIELDS[name])
        }
        fields = self._fields(later, set())
        if inputs.get("password") and (inputs.get("restoreToPointInTime") or inputs.get("snapshotIdentifier")):
            fields["MasterUserPassword"] = inputs["password"]  # a restore brings that of its source
        if fields:
            rds.modify_db_instance(DBInstanceIdentifier=identifier, ApplyImmediately=True, **fields)
            self._settled(rds, identifier)
        return str(identifier)

    def read(self, identity: str, state: Properties) -> Properties | None:
        rds = self.client(state, identity)
        found = missing_is_none(lambda: rds.describe_db_instances(DBInstanceIdentifier=identity), *NOT_FOUND)
        if found is None:
            return None
        shown = found["DBInstances"][0]
        real = {name: shown.get(api) for name, api in FIELDS.items()}
        endpoint = shown.get("Endpoint") or {}
        group = shown.get("DBSubnetGroup") or {}
        version = shown.get("EngineVersion")
        real |= {
            "identifier": identity,
            "region": self.region(state, identity),
            "replicateSourceDb": shown.get("ReadReplicaSourceDBInstanceIdentifier"),
            "replicas": shown.get("ReadReplicaDBInstanceIdentifiers", []),
            "arn": shown["DBInstanceArn"],
            "address": endpoint.get("Address"),
            "port": endpoint.get("Port"),
            "endpoint": f"{endpoint['Address']}:{endpoint['Port']}" if endpoint else None,
            "hostedZoneId": endpoint.get("HostedZoneId"),
            "resourceId": shown.get("DbiResourceId"),
            "status": shown["DBInstanceStatus"],
            "engineVersionActual": version,
            "latestRestorableTime": _text(shown.get("LatestRestorableTime")),
            "dbSubnetGroupName": group.get("DBSubnetGroupName") or state.get("dbSubnetGroupName"),
            "parameterGroupName": next((g["DBParameterGroupName"] for g in shown.get("DBParameterGroups", [])), None),
            "vpcSecurityGroupIds": [g["VpcSecurityGroupId"] for g in shown.get("VpcSecurityGroups", [])],
            "iamDatabaseAuthenticationEnabled": shown.get("IAMDatabaseAuthenticationEnabled"),
            "performanceInsightsEnabled": state.get("performanceInsightsEnabled"),
            "enabledCloudwatchLogsExports": shown.get("EnabledCloudwatchLogsExports"),
            "tags": tag_map(shown.get("TagList")),
            "tagsAll": tag_map(shown.get("TagList")),
        }
        real.update({name: state[name] for name in self.write_only if state.get(name) is not None})
        for kept in ("kmsKeyId", "maxAllocatedStorage", "networkType", "monitoringRoleArn"):
            real[kept] = real[kept] if real[kept] is not None else state.get(kept)
        return {key: value for key, value in real.items() if value is not None}

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        rds = self.client(new, identity)
        self._settled(rds, identity)  # one that never came up is no more so because nothing of it changes
        source = new.get("replicateSourceDb") or None
        if "replicateSourceDb" in changed and source:
            raise Refused("cannot elect new source database for replication")
        fields = self._fields({name: new[name] for name in changed if new.get(name) is not None}, {"port"})
        if "password" in changed and new.get("password"):
            fields["MasterUserPassword"] = new["password"]
        if fields:
            immediately = bool(new.get("applyImmediately"))
            rds.modify_db_instance(DBInstanceIdentifier=identity, ApplyImmediately=immediately, **fields)
            self._settled(rds, identity)
        if "tags" in changed:
            self._retag(rds, identity, old, new)
        if "replicateSourceDb" in changed:
            self._promote(rds, identity, new)

    def delete(self, identity: str, state: Properties) -> None:
        rds = self.client(state, identity)
        found = missing_is_none(lambda: rds.describe_db_instances(DBInstanceIdentifier=identity), *NOT_FOUND)
        if found is None:
            return
        live = found["DBInstances"][0]
        if live["DeletionProtection"] and not state.get("deletionProtection") and state.get("applyImmediately"):
            rds.modify_db_instance(DBInstanceIdentifier=identity, DeletionProtection=False, ApplyImmediately=True)
            self._settled(rds, identity)
        final: dict[str, Any] = {"SkipFinalSnapshot": True}
        if not state.get("skipFinalSnapshot") and not live.get("ReadReplicaSourceDBInstanceIdentifier"):
            if not state.get("finalSnapshotIdentifier"):
                raise Refused("finalSnapshotIdentifier is required when skipFinalSnapshot is false")
            final = {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": state["finalSnapshotIdentifier"]}
        keep = state.get("deleteAutomatedBackups") is False
        rds.delete_db_instance(DBInstanceIdentifier=identity, DeleteAutomatedBackups=not keep, **final)

        def gone() -> bool:
            shown = missing_is_none(lambda: rds.describe_db_instances(DBInstanceIdentifier=identity), *NOT_FOUND)
            if shown and shown["DBInstances"][0]["DBInstanceStatus"] == "failed":
                raise Refused(f"deleting {identity} failed: {_failure(shown['DBInstances'][0])}")
            return shown is None

        wait_for(gone, f"{identity} to be deleted")

    def _fields(self, inputs: Properties, skipped: set[str]) -> dict[str, Any]:
        return {
            api: inputs[name] for name, api in FIELDS.items() if name not in skipped and inputs.get(name) is not None
        }

    def _settled(self, rds: Any, identifier: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            shown: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
            if shown["DBInstanceStatus"] == "failed":
                raise HalfMade(identifier, f"{identifier} failed: {_failure(shown)}")
            return shown if shown["DBInstanceStatus"] == "available" else None

        found: dict[str, Any] = wait_for(look, f"{identifier} to become available")
        return found

    def _promote(self, rds: Any, identity: str, new: Properties) -> None:
        window = {"PreferredBackupWindow": new["backupWindow"]} if new.get("backupWindow") else {}
        rds.promote_read_replica(
            DBInstanceIdentifier=identity, BackupRetentionPeriod=int(new.get("backupRetentionPeriod") or 0), **window
        )
        shown = self._settled(rds, identity)
        if shown.get("ReadReplicaSourceDBInstanceIdentifier"):
            raise Refused(f"{identity} was not promoted: {_failure(shown)}")

    def _retag(self, rds: Any, identity: str, old: Properties, new: Properties) -> None:
        arn = rds.describe_db_instances(DBInstanceIdentifier=identity)["DBInstances"][0]["DBInstanceArn"]
        wanted, unwanted = tag_changes(old, new)
        if unwanted:
            rds.remove_tags_from_resource(ResourceName=arn, TagKeys=unwanted)
        if wanted:
            rds.add_tags_to_resource(ResourceName=arn, Tags=tag_list(wanted))


def _point_in_time(restore: Properties) -> dict[str, Any]:
    names = {
        "sourceDbInstanceAutomatedBackupsArn": "SourceDBInstanceAutomatedBackupsArn",
        "sourceDbInstanceIdentifier": "SourceDBInstanceIdentifier",
        "sourceDbiResourceId": "SourceDbiResourceId",
        "restoreTime": "RestoreTime",
        "useLatestRestorableTime": "UseLatestRestorableTime",
    }
    return {api: restore[name] for name, api in names.items() if restore.get(name) is not None}


def _text(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None


def _failure(shown: dict[str, Any]) -> str:
    return (
        "; ".join(info["Message"] for info in shown.get("StatusInfos", []) if info.get("Message")) or "no reason given"
    )


class InstanceAutomatedBackupsReplication(AwsResource):
    """aws.rds.InstanceAutomatedBackupsReplication: everything is ForceNew, there is no update."""

    type_name = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
    sdk = ("rds", "InstanceAutomatedBackupsReplication")
    service = "rds"
    create_only = frozenset({"*"})
    defaults = {"retentionPeriod": 7}

    def create(self, inputs: Properties) -> str:
        rds = self.client(inputs)
        key = {"KmsKeyId": inputs["kmsKeyId"]} if inputs.get("kmsKeyId") else {}
        arn = rds.start_db_instance_automated_backups_replication(
            SourceDBInstanceArn=inputs["sourceDbInstanceArn"], BackupRetentionPeriod=inputs["retentionPeriod"], **key
        )["DBInstanceAutomatedBackup"]["DBInstanceAutomatedBackupsArn"]

        def arrived() -> bool:
            status = self._found(rds, arn)["Status"]
            if status == "failed":
                raise HalfMade(arn, f"backups of {inputs['sourceDbInstanceArn']} do not arrive")
            return bool(status == "active")

        wait_for(arrived, f"the first backup of {inputs['sourceDbInstanceArn']} to arrive")
        return str(arn)

    def read(self, identity: str, state: Properties) -> Properties | None:
        shown = self._found(self.client(state, identity), identity)
        if shown is None or shown["Status"] == "retained":
            return None
        return {
            "region": self.region(state, identity),
            "sourceDbInstanceArn": shown["DBInstanceArn"],
            "retentionPeriod": shown["BackupRetentionPeriod"],
            **({"kmsKeyId": shown["KmsKeyId"]} if shown.get("KmsKeyId") else {}),
        }

    def delete(self, identity: str, state: Properties) -> None:
        rds = self.client(state, identity)
        missing_is_none(
            lambda: rds.stop_db_instance_automated_backups_replication(
                SourceDBInstanceArn=state["sourceDbInstanceArn"]
            ),
            "DBInstanceAutomatedBackupNotFound",
        )

    def _found(self, rds: Any, arn: str) -> Any:
        answer = missing_is_none(
            lambda: rds.describe_db_instance_automated_backups(DBInstanceAutomatedBackupsArn=arn),
            "DBInstanceAutomatedBackupNotFound",
        )
        return answer["DBInstanceAutomatedBackups"][0] if answer else None


class SubnetGroup(AwsResource):
    """aws.rds.SubnetGroup"""

    type_name = "aws:rds/subnetGroup:SubnetGroup"
    sdk = ("rds", "SubnetGroup")
    service = "rds"
    name = "name"
    create_only = frozenset({"name", "namePrefix"})
    defaults = {"description": "Managed by Pulumi"}
    computed = ("arn", "vpcId", "tagsAll")

    def create(self, inputs: Properties) -> str:
        self.client(inputs).create_db_subnet_group(
            DBSubnetGroupName=inputs["name"],
            DBSubnetGroupDescription=inputs["description"],
            SubnetIds=inputs["subnetIds"],
            **tagged(inputs),
        )
        return str(inputs["name"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        rds = self.client(state, identity)
        found = missing_is_none(
            lambda: rds.describe_db_subnet_groups(DBSubnetGroupName=identity), "DBSubnetGroupNotFoundFault"
        )
        if not found or not found["DBSubnetGroups"]:
            return None
        shown = found["DBSubnetGroups"][0]
        tags = tag_map(rds.list_tags_for_resource(ResourceName=shown["DBSubnetGroupArn"])["TagList"])
        real = [subnet["SubnetIdentifier"] for subnet in shown["Subnets"]]
        declared = state.get("subnetIds") or []
        return {
            "region": self.region(state, identity),
            "name": identity,
            "description": shown["DBSubnetGroupDescription"],
            "subnetIds": declared if sorted(declared) == sorted(real) else real,
            "arn": shown["DBSubnetGroupArn"],
            "vpcId": shown["VpcId"],
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        self.client(new, identity).modify_db_subnet_group(
            DBSubnetGroupName=identity, DBSubnetGroupDescription=new["description"], SubnetIds=new["subnetIds"]
        )

    def delete(self, identity: str, state: Properties) -> None:
        rds = self.client(state, identity)
        missing_is_none(lambda: rds.delete_db_subnet_group(DBSubnetGroupName=identity), "DBSubnetGroupNotFoundFault")


class ParameterGroup(AwsResource):
    """aws.rds.ParameterGroup"""

    type_name = "aws:rds/parameterGroup:ParameterGroup"
    sdk = ("rds", "ParameterGroup")
    service = "rds"
    name = "name"
    create_only = frozenset({"name", "namePrefix", "family", "description"})
    defaults = {"description": "Managed by Pulumi"}
    computed = ("arn", "tagsAll")

    def create(self, inputs: Properties) -> str:
        rds = self.client(inputs)
        rds.create_db_parameter_group(
            DBParameterGroupName=inputs["name"],
            DBParameterGroupFamily=inputs["family"],
            Description=inputs["description"],
            **tagged(inputs),
        )
        self._set(rds, inputs)
        return str(inputs["name"])

    def _set(self, rds: Any, inputs: Properties) -> None:
        parameters = [
            {
                "ParameterName": parameter["name"],
                "ParameterValue": str(parameter["value"]),
                "ApplyMethod": parameter.get("applyMethod", "immediate"),
            }
            for parameter in inputs.get("parameters") or []
        ]
        if parameters:
            rds.modify_db_parameter_group(DBParameterGroupName=inputs["name"], Parameters=parameters)

    def read(self, identity: str, state: Properties) -> Properties | None:
        rds = self.client(state, identity)
        found = missing_is_none(
            lambda: rds.describe_db_parameter_groups(DBParameterGroupName=identity),
            "DBParameterGroupNotFound",
            "DBParameterGroupNotFoundFault",
        )
        if not found or not found["DBParameterGroups"]:
            return None
        shown = found["DBParameterGroups"][0]
        tags = tag_map(rds.list_tags_for_resource(ResourceName=shown["DBParameterGroupArn"])["TagList"])
        return {
            "region": self.region(state, identity),
            "name": identity,
            "family": shown["DBParameterGroupFamily"],
            "description": shown["Description"],
            "parameters": state.get("parameters") or [],
            "arn": shown["DBParameterGroupArn"],
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        self._set(self.client(new, identity), new)

    def delete(self, identity: str, state: Properties) -> None:
        rds = self.client(state, identity)
        missing_is_none(
            lambda: rds.delete_db_parameter_group(DBParameterGroupName=identity), "DBParameterGroupNotFound"
        )


RESOURCES = (Instance, InstanceAutomatedBackupsReplication, SubnetGroup, ParameterGroup)
