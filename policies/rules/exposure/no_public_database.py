"""Databases and backups cannot be reached from the internet."""

import json
import re
from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Node, Resource, Rule
from ..kernel.checks import is_false, is_one_of, is_true
from ..kernel.standards import GDPR_ENCRYPTION, NIST_BOUNDARY, PCI_STORES_NOT_PUBLIC
from ..kernel.values import printable

SERVES = (NIST_BOUNDARY, PCI_STORES_NOT_PUBLIC, GDPR_ENCRYPTION)
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
WHY = "A standby is watched by fewer people than the primary and holds the same data."


def postgres(r: Resource, ctx: Context) -> Iterator[str]:
    if r["network.delegatedSubnetResourceId"].present():
        return  # in a network of its own it has no public address
    node = r["network.publicNetworkAccess"]
    if (node.text() or "").lower() != "disabled":
        yield f"network.publicNetworkAccess is {node.shown()}, needs to be Disabled"


def firewall(r: Resource, ctx: Context) -> Iterator[str]:
    first, last = r["startIpAddress"].text() or "", r["endIpAddress"].text() or ""
    if first == "0.0.0.0":  # noqa: S104 - an address to look for, not to listen on
        yield f"the rule lets {'every address' if last.startswith('255.') else 'all of Azure'} in"
    elif not first or first.split(".")[0] != last.split(".")[0]:
        yield f"the rule reaches from {r['startIpAddress'].shown()} to {r['endIpAddress'].shown()}"


def closed(r: Resource, ctx: Context) -> Iterator[str]:
    open_flags = [name for name in ("blockPublicPolicy", "restrictPublicBuckets") if r[name].flag() is not True]
    if not open_flags:
        return
    policies = [policy for policy in ctx.stack.of(POLICY) if same_bucket(policy, r)]
    wide = [resource for policy in policies for resource in public_resources(policy)]
    if not policies:
        yield f"{' and '.join(open_flags)} not true, and no BucketPolicy says what is open"
    for resource in wide:
        if not re.fullmatch(r"arn:aws[a-z-]*:s3:::[^/*]+/[^/*]+/.*", resource):
            yield f"{' and '.join(open_flags)} not true, and a policy opens {printable(resource)}"


def same_bucket(policy: Resource, block: Resource) -> bool:
    ours = (block.property_dependencies or {}).get("bucket", ())
    theirs = (policy.property_dependencies or {}).get("bucket", ())
    return bool(set(ours) & set(theirs)) or policy["bucket"].text() == block["bucket"].text()


def public_resources(policy: Resource) -> Iterator[str]:
    """What a bucket policy lets everybody do something with. One that cannot be read opens everything."""
    try:
        document = json.loads(policy["policy"].text() or "")
    except (ValueError, RecursionError):
        document = None
    statements = Node(document)["Statement"]
    if not statements.present():
        yield "*"
    for statement in statements.items():
        principal = statement["Principal"]
        everybody = principal.raw == "*" or principal.key("AWS").raw in ("*", ["*"])
        if statement["Effect"].text() == "Allow" and everybody:
            resources = statement["Resource"].raw
            for resource in resources if isinstance(resources, list) else [resources]:
                yield resource if isinstance(resource, str) else "*"


RULES = (
    Rule(
        id="DR-PUB-001",
        title="RDS cannot be reached from the internet",
        severity=CRITICAL,
        types=("aws:rds/instance:Instance", "aws:rds/clusterInstance:ClusterInstance"),
        checks=(is_false("publiclyAccessible"),),
        why=WHY,
        remedy="Leave publiclyAccessible out.",
        fix={"publiclyAccessible": False},
        serves=SERVES,
    ),
    Rule(
        id="DR-PUB-002",
        title="Azure PostgreSQL and MySQL cannot be reached from the internet",
        severity=CRITICAL,
        types=("azure-native:dbforpostgresql:Server", "azure-native:dbformysql:Server"),
        checks=(postgres,),
        why=WHY,
        remedy="Use network.delegatedSubnetResourceId, or private endpoints with publicNetworkAccess Disabled.",
        serves=SERVES,
    ),
    Rule(
        id="DR-PUB-003",
        title="Cosmos DB and Redis cannot be reached from the internet",
        severity=HIGH,
        types=("azure-native:cosmosdb:DatabaseAccount", "azure-native:redis:Redis"),
        checks=(is_one_of("publicNetworkAccess", "Disabled", "SecuredByPerimeter"),),
        why=WHY,
        remedy="Set publicNetworkAccess to Disabled and use private endpoints.",
        serves=SERVES,
    ),
    Rule(
        id="DR-PUB-004",
        title="Firewall rules of databases are narrow",
        severity=CRITICAL,
        types=("azure-native:dbforpostgresql:FirewallRule", "azure-native:dbformysql:FirewallRule"),
        checks=(firewall,),
        why="A rule made for one evening of a migration stays, and is copied to the standby.",
        remedy="Name the addresses that need it, or use private endpoints.",
        serves=SERVES,
    ),
    Rule(
        id="DR-PUB-005",
        title="Access lists cannot open a bucket",
        severity=CRITICAL,
        types=("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",),
        checks=(is_true("blockPublicAcls"), is_true("ignorePublicAcls")),
        why="An access list set on one object opens it to everybody, and no policy shows it.",
        remedy="Set blockPublicAcls and ignorePublicAcls to true.",
        fix={"blockPublicAcls": True, "ignorePublicAcls": True},
        serves=SERVES,
    ),
    Rule(
        id="DR-PUB-006",
        title="Storage accounts give nothing out without a login",
        severity=CRITICAL,
        types=("azure-native:storage:StorageAccount",),
        checks=(is_false("allowBlobPublicAccess", absent=False),),
        why="A container of backups that is open is the whole database, open.",
        remedy="Set allowBlobPublicAccess to false.",
        fix={"allowBlobPublicAccess": False},
        serves=SERVES,
    ),
    Rule(
        id="DR-PUB-007",
        title="Buckets are closed to the public, but for named folders",
        severity=CRITICAL,
        types=("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",),
        scope="stack",
        checks=(closed,),
        why="A bucket of backups that is open is the whole database, open. A folder with a health signal may be.",
        remedy="Set blockPublicPolicy and restrictPublicBuckets to true, or name the folder in the policy's Resource.",
        serves=SERVES,
    ),
)
