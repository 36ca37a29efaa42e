"""The functions (data sources) of the aws package that programs here use."""

import json
from collections.abc import Mapping

from sandbox.providers.aws.cloud import Cloud
from sandbox.providers.resource import Refused
from sandbox.providers.servicer import Function
from sandbox.providers.values import Properties


def functions(cloud: Cloud) -> Mapping[str, Function]:
    def caller_identity(args: Properties) -> Properties:
        shown = cloud.client("sts", "us-east-1").get_caller_identity()
        return {"accountId": shown["Account"], "arn": shown["Arn"], "userId": shown["UserId"], "id": shown["Account"]}

    def availability_zones(args: Properties) -> Properties:
        if not args.get("region"):
            raise Refused("getAvailabilityZones: give region; one server answers for all of the package's providers")
        shown = cloud.client("ec2", args["region"]).describe_availability_zones()["AvailabilityZones"]
        return {
            "id": args["region"],
            "region": args["region"],
            "names": [zone["ZoneName"] for zone in shown],
            "zoneIds": [zone["ZoneId"] for zone in shown],
            "groupNames": [args["region"]],
        }

    def cluster_auth(args: Properties) -> Properties:
        region = args.get("region") or "us-east-1"
        return {"id": args["name"], "name": args["name"], "region": region, "token": cloud.token(args["name"], region)}

    def zone(args: Properties) -> Properties:
        wanted = (args.get("name") or "").rstrip(".")
        for found in cloud.client("route53", "us-east-1").list_hosted_zones()["HostedZones"]:
            identity = found["Id"].rsplit("/", 1)[-1]
            if found["Name"].rstrip(".") == wanted or identity == args.get("zoneId"):
                return {"id": identity, "zoneId": identity, "name": found["Name"].rstrip("."), "privateZone": False}
        raise Refused(f"no matching hosted zone found: {wanted}")

    return {
        "aws:index/getCallerIdentity:getCallerIdentity": caller_identity,
        "aws:index/getAvailabilityZones:getAvailabilityZones": availability_zones,
        "aws:index/getPartition:getPartition": lambda _: {
            "id": "aws",
            "partition": "aws",
            "dnsSuffix": "amazonaws.com",
        },
        "aws:iam/getPolicyDocument:getPolicyDocument": policy_document,
        "aws:eks/getClusterAuth:getClusterAuth": cluster_auth,
        "aws:route53/getZone:getZone": zone,
    }


def policy_document(args: Properties) -> Properties:
    statements = []
    for declared in args.get("statements") or []:
        statement: dict[str, object] = {"Effect": declared.get("effect") or "Allow"}
        for name, key in (("sid", "Sid"), ("actions", "Action"), ("resources", "Resource")):
            if declared.get(name):
                statement[key] = declared[name]
        principals: dict[str, list[str]] = {}
        for principal in declared.get("principals") or []:
            principals.setdefault(principal["type"], []).extend(principal["identifiers"])
        if principals:
            statement["Principal"] = "*" if principals == {"*": ["*"]} else principals
        conditions: dict[str, dict[str, list[str]]] = {}
        for condition in declared.get("conditions") or []:
            conditions.setdefault(condition["test"], {})[condition["variable"]] = condition["values"]
        if conditions:
            statement["Condition"] = conditions
        statements.append(statement)
    text = json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)
    return {"id": str(abs(hash(text))), "json": text, "minifiedJson": json.dumps(json.loads(text))}
