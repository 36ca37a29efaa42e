"""Databases and backups cannot be reached from the internet."""

import ipaddress
from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, MEDIUM, Context, Resource, Rule, words
from ..kernel.access import narrow, public_resources
from ..kernel.buckets import ACL, BLOCK, BUCKET, POLICY, block_elsewhere, blocks_of, opened_by, policies_of
from ..kernel.checks import is_false, is_one_of, is_true, unless
from ..kernel.standards import GDPR_ENCRYPTION, NIST_BOUNDARY, PCI_STORES_NOT_PUBLIC
from ..kernel.stateful import holds_no_data, of_data
from ..kernel.values import printable

SERVES = (NIST_BOUNDARY, PCI_STORES_NOT_PUBLIC, GDPR_ENCRYPTION)
SQL = "azure-native:sql:Server"
INSTANCE = "azure-native:sql:ManagedInstance"
DOCUMENTS = "azure-native:mongocluster:MongoCluster"
MANAGED_REDIS = "azure-native:redisenterprise:RedisEnterprise"
WHY = "A standby is watched by fewer people than the primary and holds the same data."


def postgres(r: Resource, ctx: Context) -> Iterator[str]:
    if r["network.delegatedSubnetResourceId"].present():
        return  # in a network of its own it has no public address
    node = r["network.publicNetworkAccess"]
    if (node.text() or "").lower() != "disabled":
        yield f"network.publicNetworkAccess is {node.shown()}, needs to be Disabled"


def managed(r: Resource, ctx: Context) -> Iterator[str]:
    if r.type == INSTANCE:
        yield from is_false("publicDataEndpointEnabled")(r, ctx)
        return
    path = "properties.publicNetworkAccess" if r.type == DOCUMENTS else "publicNetworkAccess"
    yield from is_one_of(path, "Disabled", "SecuredByPerimeter")(r, ctx)


def in_own_network(r: Resource) -> bool:
    """Whether a cache lies in a subnet of its own, where it has no public address."""
    return r.type == "azure-native:redis:Redis" and r["subnetId"].present()


def no_anonymous_blobs(r: Resource, ctx: Context) -> Iterator[str]:
    # Until this version of the API Azure took true for it (API specification).
    yield from is_false("allowBlobPublicAccess", absent=r.made_before("2023-01-01"))(r, ctx)


def no_open_container(r: Resource, ctx: Context) -> Iterator[str]:
    # Of a signal, blobs can be read by whoever knows their names; a list of them is nobody's business.
    is_signal = holds_no_data(r, ctx) and r["containerName"].text() in ctx.words("signals")
    allowed = ("None", "Blob") if is_signal else ("None",)
    yield from is_one_of("publicAccess", *allowed, absent="None")(r, ctx)


# Firewall rules of databases, with where each writes the first and the last address that it lets in.
_RANGE = ("startIpAddress", "endIpAddress")
FIREWALLS = {
    "azure-native:dbforpostgresql:FirewallRule": _RANGE,
    "azure-native:dbformysql:FirewallRule": _RANGE,
    "azure-native:sql:FirewallRule": _RANGE,
    "azure-native:redis:FirewallRule": ("startIP", "endIP"),
    "azure-native:mongocluster:FirewallRule": ("properties.startIpAddress", "properties.endIpAddress"),
}


def firewall(r: Resource, ctx: Context) -> Iterator[str]:
    begin, end = (r[path] for path in FIREWALLS[r.type])
    first, last = begin.text() or "", end.text() or ""
    if first == "0.0.0.0":  # noqa: S104 - an address to look for, not to listen on
        yield f"the rule lets {'every address' if last.startswith('255.') else 'all of Azure'} in"
    elif not few_addresses(first, last):
        yield f"the rule reaches from {begin.shown()} to {end.shown()}"


def few_addresses(first: str, last: str) -> bool:
    """Whether a range is one that somebody meant: at most 65,536 addresses."""
    try:
        return 0 <= int(ipaddress.IPv4Address(last)) - int(ipaddress.IPv4Address(first)) < 2**16
    except ValueError:
        return False


def closed(r: Resource, ctx: Context) -> Iterator[str]:
    if r.type == POLICY:
        yield from elsewhere(r, ctx)
        return
    block: Resource | None = r
    if r.type == BUCKET:
        if ctx.stack.first_naming((BLOCK,), "bucket", r) is not None:
            return  # asked by itself
        block = blocks_of(r, ctx)
    flags = ("blockPublicPolicy", "restrictPublicBuckets")
    open_flags = [name for name in flags if block is None or block[name].flag() is not True]
    if not open_flags:
        return
    why = f"{' and '.join(open_flags)} not true" if block else "no BucketPublicAccessBlock names it"
    policies = [policy["policy"] for policy in policies_of(r, ctx)]
    bucket = r if r.type == BUCKET else ctx.stack.target((BUCKET,), r, "bucket")
    if bucket is not None and bucket["policy"].present():
        policies.append(bucket["policy"])
    if not policies and r.type != BUCKET:
        yield f"{why}, and no BucketPolicy says what is open"
    for resource in (wide for policy in policies for wide in public_resources(policy)):
        if not narrow(resource):
            yield f"{why}, and a policy opens {printable(resource)}"


def elsewhere(policy: Resource, ctx: Context) -> Iterator[str]:
    """A policy of a bucket that is in another stack: what is said of the bucket here decides."""
    if ctx.stack.target((BUCKET,), policy, "bucket") is not None or not policy["policy"].present():
        return  # asked with its bucket
    block = block_elsewhere(policy, ctx)
    if block is not None and (block.type == BLOCK or shuts(block)):
        return  # asked with its block, or closed for the whole account
    for resource in public_resources(policy["policy"]):
        if not narrow(resource):
            yield f"the policy opens {printable(resource)}, and no access block here closes the bucket it is about"


def shuts(block: Resource) -> bool:
    """Whether an access block makes a public policy count for nothing."""
    return block["restrictPublicBuckets"].flag() is True


def lists_closed(r: Resource, ctx: Context) -> Iterator[str]:
    if r.type == BLOCK:
        for check in (is_true("blockPublicAcls"), is_true("ignorePublicAcls")):
            yield from check(r, ctx)
        return
    opened = opened_by(r)
    if opened is None:
        return
    bucket = r if r.type == BUCKET else ctx.stack.target((BUCKET,), r, "bucket")
    block = blocks_of(bucket, ctx) if bucket is not None else block_elsewhere(r, ctx)
    if block is None or block["ignorePublicAcls"].flag() is not True:
        yield f"{opened}, and no BucketPublicAccessBlock ignores it"


def has_block(r: Resource, ctx: Context) -> Iterator[str]:
    if blocks_of(r, ctx) is None:
        yield "no BucketPublicAccessBlock names this bucket"


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
        checks=(unless(in_own_network, is_one_of("publicNetworkAccess", "Disabled", "SecuredByPerimeter")),),
        why=WHY,
        remedy="Set publicNetworkAccess to Disabled and use private endpoints.",
        serves=SERVES,
    ),
    Rule(
        id="DR-PUB-013",
        title="Azure SQL, DocumentDB and Managed Redis cannot be reached from the internet",
        severity=HIGH,
        types=(SQL, DOCUMENTS, MANAGED_REDIS, INSTANCE),
        checks=(managed,),
        why=WHY,
        remedy=(
            "Set publicNetworkAccess to Disabled (of a managed instance: publicDataEndpointEnabled to false) and use "
            "private endpoints."
        ),
        serves=SERVES,
        see=("checkov CKV_AZURE_113",),
    ),
    Rule(
        id="DR-PUB-004",
        title="Firewall rules of databases are narrow",
        severity=CRITICAL,
        types=tuple(FIREWALLS),
        checks=(firewall,),
        why="A rule made for one evening of a migration stays, and is copied to the standby.",
        remedy="Name the addresses that need it, or use private endpoints.",
        serves=SERVES,
    ),
    Rule(
        id="DR-PUB-005",
        title="Access lists cannot open a bucket",
        severity=CRITICAL,
        types=(BLOCK, BUCKET, ACL),
        scope="stack",
        checks=(lists_closed,),
        why="An access list set on one object opens it to everybody, and no policy shows it.",
        remedy="Set blockPublicAcls and ignorePublicAcls to true, and take public access lists out.",
        serves=SERVES,
        see=("checkov CKV_AWS_20", "checkov CKV_AWS_57", "checkov CKV_AWS_53", "checkov CKV_AWS_55"),
    ),
    Rule(
        id="DR-PUB-006",
        title="Storage accounts give nothing out without a login",
        severity=CRITICAL,
        types=("azure-native:storage:StorageAccount",),
        checks=(of_data(no_anonymous_blobs),),
        why="A container of backups that is open is the whole database, open. One with a health signal may be.",
        remedy="Set allowBlobPublicAccess to false.",
        fix={"allowBlobPublicAccess": False},
        serves=SERVES,
    ),
    Rule(
        id="DR-PUB-012",
        title="Containers of blobs give nothing out without a login",
        severity=CRITICAL,
        types=("azure-native:storage:BlobContainer",),
        checks=(no_open_container,),
        thresholds=(words("signals", ("claims",), "containers of health signals, in accounts that hold no data"),),
        why="A container of backups that is open is the whole database, open. One with a health signal may be.",
        remedy="Leave publicAccess out, and set allowBlobPublicAccess of the account to false.",
        fix={"publicAccess": "None"},
        serves=SERVES,
        see=("checkov CKV_AZURE_34",),
    ),
    Rule(
        id="DR-PUB-007",
        title="Buckets are closed to the public, but for named folders",
        severity=CRITICAL,
        types=(BLOCK, BUCKET, POLICY),
        scope="stack",
        checks=(closed,),
        why="A bucket of backups that is open is the whole database, open. A folder with a health signal may be.",
        remedy="Set blockPublicPolicy and restrictPublicBuckets to true, or name the folder in the policy's Resource.",
        serves=SERVES,
        see=("checkov CKV_AWS_70", "checkov CKV_AWS_54", "checkov CKV_AWS_56"),
        differs=(
            "CKV_AWS_70 judges a policy by itself; this rule together with the access block that may close the bucket "
            "again. Folders that a policy names may be open."
        ),
    ),
    Rule(
        id="DR-PUB-008",
        title="Every bucket has a public access block",
        severity=MEDIUM,
        types=(BUCKET,),
        scope="stack",
        checks=(has_block,),
        why="New buckets are closed by default, until somebody takes that off by hand. A block of its own comes back.",
        remedy="Add a BucketPublicAccessBlock with all four flags, or an AccountPublicAccessBlock.",
        serves=SERVES,
        see=("checkov CKV2_AWS_6", "AWS Config S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED"),
    ),
)
