"""
Runs the project's program without an engine and gives what it declared, as it goes over the wire.

`declared("prod", topology)` is a dict from URN to `Declared`: type, inputs (camelCase, as the provider sees them),
protection, ignored properties. The SDK's own mock monitor answers; unknowns do not occur.
"""

import asyncio
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks, settings
from pulumi.runtime.stack import run_pulumi_func

from components.settings import read_settings
from components.stack import declare
from model import Plan, Topology, load_plan
from model.site_records import FrontDoor, Received, SiteRecord

PASSWORD = "correct horse"


def records_of(plan: Plan) -> dict[str, SiteRecord]:
    """What the sites of a plan are recorded with once they are there."""
    return {
        site.name: SiteRecord(
            key=f"arn:aws:kms:{site.region}:123456789012:key/mrk-1",
            front_door=FrontDoor(name=f"{site.name}.elb.amazonaws.com", zone="Z1"),
        )
        for site in plan.sites
    }


RECORDS = records_of(load_plan("samia"))


RECORDS_IN = {
    "aws": RECORDS,
    "azure": {
        site: SiteRecord(
            front_door=FrontDoor(name=f"azure-small-{site}-web.azurewebsites.net", zone=""),
            receives={
                "media": {other: Received(policy=f"{other}-to-{site}", rule="r") for other in RECORDS if other != site}
            },
        )
        for site in RECORDS
    },
}
"""By cloud, what the sites of a plan have recorded."""


@dataclass(frozen=True)
class Declared:
    type: str
    name: str
    inputs: Mapping[str, Any]
    protect: bool
    ignored: tuple[str, ...]
    parent: str
    provider: str
    custom: bool


class _Outputs(mocks.Mocks):
    """Gives back the inputs, and what the program reads of outputs."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        outputs = dict(args.inputs)
        outputs.setdefault("arn", f"arn:of:{args.name}")
        if args.typ == "aws:rds/instance:Instance":
            outputs |= {"address": f"{args.inputs['identifier']}.rds.amazonaws.com", "port": 5432}
        if args.typ == "aws:lb/loadBalancer:LoadBalancer":
            outputs |= {"dnsName": f"{args.name}.elb.amazonaws.com", "zoneId": "Z1"}
        if args.typ == "aws:eks/cluster:Cluster":
            issuer = f"https://issuer/{args.inputs['name']}"
            outputs |= {"endpoint": "https://cluster", "certificateAuthority": {"data": "Y2E="}}
            outputs |= {"identities": [{"oidcs": [{"issuer": issuer}]}]}
        if args.typ == "aws:ec2/launchTemplate:LaunchTemplate":
            outputs["latestVersion"] = 1
        if args.typ == "aws:eks/nodeGroup:NodeGroup":
            outputs |= {"resources": [{"autoscalingGroups": [{"name": "group"}]}]}
        if args.typ == "azure-native:dbforpostgresql:Server":
            host = f"{args.inputs['serverName']}.postgres.database.azure.com"
            outputs |= {"fullyQualifiedDomainName": host, "name": args.inputs["serverName"]}
        if args.typ in {"azure-native:web:WebApp", "azure-native:web:WebAppSlot", "azure-native:cdn:Profile"}:
            # It is a list when it is asked for, and a mapping when it is shown.
            held: dict[str, Any] = {each: {} for each in args.inputs["identity"]["userAssignedIdentities"]}
            outputs["identity"] = {**args.inputs["identity"], "userAssignedIdentities": held}
        if args.typ in {"azure-native:web:WebApp", "azure-native:web:WebAppSlot"}:
            outputs |= {"defaultHostName": f"{args.inputs['name']}.azurewebsites.net"}
        if args.typ == "azure-native:managedidentity:UserAssignedIdentity":
            outputs |= {"principalId": f"{args.name}-principal", "clientId": f"{args.name}-client"}
        if args.typ == "azure-native:cdn:AFDEndpoint":
            outputs["hostName"] = f"{args.inputs['endpointName']}.z01.azurefd.net"
        if args.typ == "azure-native:cdn:AFDCustomDomain":
            outputs["validationProperties"] = {"validationToken": "a token", "expirationDate": "a date"}
        if args.typ == "azure-native:trafficmanager:Profile":
            relative = args.inputs["dnsConfig"]["relativeName"]
            outputs["dnsConfig"] = {**args.inputs["dnsConfig"], "fqdn": f"{relative}.trafficmanager.net"}
        if args.typ == "azure-native:storage:ObjectReplicationPolicy":  # the receiver's is given its names by Azure
            rules = [{"ruleId": f"{args.name}-rule", **rule} for rule in args.inputs["rules"]]
            outputs |= {"policyId": f"{args.name}-policy", "rules": rules}
        if (key := _NAMED.get(args.typ)) is not None:
            outputs["name"] = args.inputs[key]
        return f"{args.name}-id", outputs

    def call(self, args: mocks.MockCallArgs) -> Any:
        if args.token == "azure-native:authorization:getClientConfig":  # answered by the provider, from its credentials
            return {"tenantId": "0b3e8a53-0000-4000-8000-000000000001"}
        if args.token == "azure-native:redisenterprise:listDatabaseKeys":  # the cloud makes them itself
            return {"primaryKey": "a key", "secondaryKey": "another key"}
        raise AssertionError(f"the program must not ask the cloud anything: {args.token}")


class _Monitor(mocks.MockMonitor):
    def __init__(self) -> None:
        super().__init__(_Outputs())
        self.seen: dict[str, Declared] = {}
        self.exports: list[str] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        if urn in self.seen:
            raise AssertionError(f"declared twice: {urn}")
        self.seen[urn] = Declared(
            type=request.type,
            name=request.name,
            inputs=_plain(json_format.MessageToDict(request.object)),
            protect=request.protect,
            ignored=tuple(request.ignoreChanges),
            parent=request.parent,
            provider=request.provider,
            custom=request.custom,
        )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


_NAMED = {
    "azure-native:cdn:AFDEndpoint": "endpointName",
    "azure-native:cdn:AFDOriginGroup": "originGroupName",
    "azure-native:cdn:Profile": "profileName",
    "azure-native:dns:Zone": "zoneName",
    "azure-native:keyvault:Vault": "vaultName",
    "azure-native:network:PrivateEndpoint": "privateEndpointName",
    "azure-native:network:VirtualNetwork": "virtualNetworkName",
    "azure-native:operationalinsights:Workspace": "workspaceName",
    "azure-native:privatedns:PrivateZone": "privateZoneName",
    "azure-native:redisenterprise:Database": "databaseName",
    "azure-native:redisenterprise:RedisEnterprise": "clusterName",
    "azure-native:resources:ResourceGroup": "resourceGroupName",
    "azure-native:storage:BlobContainer": "containerName",
    "azure-native:storage:StorageAccount": "accountName",
}
"""By type, the input that a resource shows as its name."""
CERTIFICATE = "arn:aws:acm:eu-north-1:123456789012:certificate/of-the-record"


def config_of(topology: Topology, records: Mapping[str, SiteRecord], **more: Any) -> dict[str, str]:
    values = (
        topology.to_config() | {"plan": "samia", "databasePassword": PASSWORD, "certificateArn": CERTIFICATE} | more
    )
    values["records"] = {site: record.model_dump(by_alias=True) for site, record in records.items()}
    return {f"dr:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def run(stack: str, config: Mapping[str, str]) -> _Monitor:
    """What the program declares of a stack. Raises what the program raises."""

    def program() -> None:
        for name, value in declare(pulumi.get_stack(), read_settings()).items():
            pulumi.export(name, value)
            monitor.exports.append(name)

    monitor = _Monitor()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        mocks.set_mocks(_Outputs(), project="dr", stack=stack, preview=False, monitor=monitor)
        pulumi.runtime.set_all_config(dict(config), ["dr:databasePassword"])
        loop.run_until_complete(run_pulumi_func(program))
    finally:
        settings.reset_options()
        loop.close()
        asyncio.set_event_loop(None)
    return monitor


def declared(
    stack: str, topology: Topology, records: Mapping[str, SiteRecord] = RECORDS, **more: Any
) -> dict[str, Declared]:
    """The same question is answered from memory: the program reads config and plan only."""
    return _declared(stack, tuple(sorted(config_of(topology, records, **more).items())))


@functools.cache
def _declared(stack: str, config: tuple[tuple[str, str], ...]) -> dict[str, Declared]:
    return run(stack, dict(config)).seen


def of_type(seen: Mapping[str, Declared], kind: str) -> list[Declared]:
    """Those whose type ends in `kind`, such as `Instance`."""
    return [each for each in seen.values() if each.type.endswith(f":{kind}")]


_SIGNATURE = "4dabf18193072939515e22adb298388d"


def _plain(value: Any) -> Any:
    """Secrets stay visible as such: {"secret": value}."""
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == "1b47061264138c4ac30d75fd1eb44270":
            return {"secret": _plain(value["value"])}
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
