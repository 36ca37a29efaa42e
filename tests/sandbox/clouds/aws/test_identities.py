"""What pods may ask of the cloud: what the role of their service account says, and nothing of anybody else's."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from components.aws.pod_role import ANNOTATION, AUDIENCE, agent_statements, service_statements
from model import names
from sandbox.clouds.aws.permissions import allows, denies, statements

pytestmark = pytest.mark.thorough

REGION, NAMESPACE = "eu-west-1", "samia"
OWN, WITNESS, MEDIA = "samia-secondary-recovery", "samia-tertiary-recovery", "samia-secondary-media"
Pod = Callable[..., Any]


@pytest.fixture(scope="module")
def site(client: Any, world: SimpleNamespace) -> dict[str, str]:
    """A cluster with nodes, the role of its agent, the role of a service, and the buckets; gives role ARNs by name."""
    iam, eks, s3 = client("iam", "us-east-1"), client("eks", REGION), client("s3", REGION)
    where = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    for bucket in (OWN, WITNESS, MEDIA):
        s3.create_bucket(Bucket=bucket, **where)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_policy(Bucket=WITNESS, Policy=_policy(BLINDLY))
    nodes = iam.create_role(RoleName="samia-secondary-nodes", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    worker = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    iam.attach_role_policy(RoleName="samia-secondary-nodes", PolicyArn=worker)
    eks.create_cluster(name="samia-secondary", roleArn=nodes, resourcesVpcConfig={"subnetIds": []})
    eks.create_nodegroup(clusterName="samia-secondary", nodegroupName="samia-secondary", subnets=[], nodeRole=nodes)
    issuer = eks.describe_cluster(name="samia-secondary")["cluster"]["identity"]["oidc"]["issuer"]
    provider = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=[AUDIENCE], ThumbprintList=[])
    named = issuer.removeprefix("https://")

    def role(name: str, account: str, statements: list[dict[str, Any]]) -> str:
        trust = {
            "Effect": "Allow",
            "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {
                f"{named}:sub": f"system:serviceaccount:{NAMESPACE}:{account}", f"{named}:aud": AUDIENCE,
            }},
        }  # fmt: skip
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))
        iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=_policy(*statements))
        return str(made["Role"]["Arn"])

    agent = agent_statements(OWN, WITNESS, names.LEASE_KEY, names.CLAIM_KEY)
    return {
        "agent": role("samia-secondary-agent", names.SENTINEL, agent),
        "media": role("samia-secondary-service-web", "service-web", service_statements([MEDIA])),
    }


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


BLINDLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::{WITNESS}/{names.LEASE_KEY}",
    "Condition": {"Null": {"s3:if-match": "true", "s3:if-none-match": "true"}},
}


@pytest.fixture(scope="module")
def pod(world: SimpleNamespace) -> Pod:
    """pod(service, account, role ARN) -> a client with the credentials that a pod of this account is given."""

    def make(service: str, account: str = "default", role: str | None = None) -> Any:
        given = world.planes.clouds["aws"].identities.for_pod(
            REGION, NAMESPACE, account, {ANNOTATION: role} if role else {}
        )
        unchecked: Any = boto3.client
        return unchecked(
            service,
            region_name=REGION,
            endpoint_url=f"http://{world.ports.addresses[REGION]}:{world.ports.clouds['aws']}",
            aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    return make


@pytest.fixture
def lease(client: Any, site: dict[str, str]) -> str:
    """A writer lease in the witness and a claim in the site; gives the lease's ETag."""
    s3 = client("s3", REGION)
    s3.put_object(Bucket=OWN, Key=names.CLAIM_KEY, Body=b"{}")
    s3.delete_object(Bucket=WITNESS, Key=names.LEASE_KEY)
    return str(s3.put_object(Bucket=WITNESS, Key=names.LEASE_KEY, Body=b"lease", IfNoneMatch="*")["ETag"])


def refused(call: Callable[..., object], **arguments: object) -> None:
    with pytest.raises(ClientError) as found:
        call(**arguments)
    assert found.value.response["Error"]["Code"] in {"AccessDenied", "403"}, found.value


def _attacks(s3: Any, etag: str) -> list[tuple[Callable[..., object], dict[str, object]]]:
    at_lease: dict[str, object] = {"Bucket": WITNESS, "Key": names.LEASE_KEY}
    at_claim: dict[str, object] = {"Bucket": OWN, "Key": names.CLAIM_KEY}
    return [
        (s3.get_object, at_lease),
        (s3.put_object, at_lease | {"Body": b"garbage"}),
        (s3.put_object, at_lease | {"Body": b"garbage", "IfMatch": etag}),
        (s3.delete_object, at_lease),
        (s3.delete_objects, {"Bucket": WITNESS, "Delete": {"Objects": [{"Key": names.LEASE_KEY}]}}),
        (s3.copy_object, at_lease | {"CopySource": f"{MEDIA}/forged"}),
        (s3.create_multipart_upload, at_lease),
        (s3.put_object, at_claim | {"Body": b"{}"}),
        (s3.delete_object, at_claim),
        (s3.put_bucket_policy, {"Bucket": WITNESS, "Policy": "{}"}),
        (s3.delete_bucket_policy, {"Bucket": WITNESS}),
        (s3.put_bucket_versioning, {"Bucket": WITNESS, "VersioningConfiguration": {"Status": "Suspended"}}),
        (s3.list_objects_v2, {"Bucket": WITNESS}),
        (s3.list_object_versions, {"Bucket": WITNESS}),
    ]


@pytest.mark.parametrize("who", ["a service without a role", "a service with a bucket", "one that names the agent's"])
def test_a_services_pod_reaches_neither_lease_nor_claim(
    pod: Pod, site: dict[str, str], lease: str, client: Any, who: str
) -> None:
    s3 = {
        "a service without a role": lambda: pod("s3"),
        "a service with a bucket": lambda: pod("s3", "service-web", site["media"]),
        "one that names the agent's": lambda: pod("s3", "service-web", site["agent"]),
    }[who]()
    client("s3", REGION).put_object(Bucket=MEDIA, Key="forged", Body=b"garbage")
    for call, arguments in _attacks(s3, lease):
        refused(call, **arguments)
    assert client("s3", REGION).get_object(Bucket=WITNESS, Key=names.LEASE_KEY)["Body"].read() == b"lease"


def test_a_services_pod_does_what_its_role_says(pod: Pod, site: dict[str, str]) -> None:
    s3 = pod("s3", "service-web", site["media"])
    s3.put_object(Bucket=MEDIA, Key="a photo", Body=b"of a cat")
    assert s3.get_object(Bucket=MEDIA, Key="a photo")["Body"].read() == b"of a cat"
    version = s3.put_object(Bucket=MEDIA, Key="a photo", Body=b"of a dog")["VersionId"]
    refused(s3.delete_object, Bucket=MEDIA, Key="a photo", VersionId=version)


def test_the_agent_replaces_the_lease_by_condition_only_and_removes_no_version(
    pod: Pod, site: dict[str, str], lease: str
) -> None:
    s3 = pod("s3", names.SENTINEL, site["agent"])
    at: dict[str, Any] = {"Bucket": WITNESS, "Key": names.LEASE_KEY}
    refused(s3.put_object, **at, Body=b"blindly")
    made = s3.put_object(**at, Body=b"renewed", IfMatch=lease)
    refused(s3.delete_object, **at)
    refused(s3.delete_object, **at, VersionId=made["VersionId"])
    refused(s3.put_object, Bucket=WITNESS, Key="lease/other.json", Body=b"", IfNoneMatch="*")
    refused(s3.put_object, Bucket=OWN, Key=names.CLAIM_KEY, Body=b"{}")
    s3.delete_object(Bucket=OWN, Key=names.CLAIM_KEY)


def test_the_agent_is_told_that_there_is_no_lease_and_others_are_not(
    pod: Pod, site: dict[str, str], lease: str, client: Any
) -> None:
    client("s3", REGION).delete_object(Bucket=WITNESS, Key=names.LEASE_KEY)
    with pytest.raises(ClientError, match="NoSuchKey"):
        pod("s3", names.SENTINEL, site["agent"]).get_object(Bucket=WITNESS, Key=names.LEASE_KEY)
    refused(pod("s3", "service-web", site["media"]).get_object, Bucket=WITNESS, Key=names.LEASE_KEY)


def test_an_operator_cannot_write_blindly_over_the_lease_either(client: Any, lease: str) -> None:
    refused(client("s3", REGION).put_object, Bucket=WITNESS, Key=names.LEASE_KEY, Body=b"by hand")


def test_a_pod_gives_itself_no_rights(pod: Pod, site: dict[str, str]) -> None:
    for account, role in (("default", None), ("service-web", site["media"]), (names.SENTINEL, site["agent"])):
        iam, secrets = pod("iam", account, role), pod("secretsmanager", account, role)
        everything = _policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
        for name in ("samia-secondary-agent", "samia-secondary-nodes"):
            refused(iam.put_role_policy, RoleName=name, PolicyName="more", PolicyDocument=everything)
        refused(secrets.list_secrets)
    assert "Reservations" in pod("ec2").describe_instances()  # what the role of a node may, its pods may


def test_sessions_that_were_ended_are_over_and_newer_ones_are_not(pod: Pod, site: dict[str, str], client: Any) -> None:
    iam, old = client("iam", "us-east-1"), pod("s3", "service-web", site["media"])
    moment = datetime.now(UTC) + timedelta(milliseconds=1)
    older = {"DateLessThan": {"aws:TokenIssueTime": moment.isoformat()}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": older}
    where = {"RoleName": "samia-secondary-service-web", "PolicyName": "ended"}
    iam.put_role_policy(**where, PolicyDocument=_policy(deny))
    try:
        refused(old.put_object, Bucket=MEDIA, Key="k", Body=b"")
        pod("s3", "service-web", site["media"]).put_object(Bucket=MEDIA, Key="k", Body=b"")
    finally:
        iam.delete_role_policy(**where)


ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ({"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/[a]"}, False),
        ({"Effect": "Allow", "Action": "S3:getobject", "Resource": "*"}, True),
        ({"Effect": "Allow", "NotAction": "s3:Put*", "Resource": "*"}, True),
        (
            {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "::"}}},
            False,
        ),
        (ANYTHING | {"NotPrincipal": {"AWS": "x"}}, False),
        (ANYTHING | {"Condition": {"StringEquals": {"x": "y"}}}, False),
        (ANYTHING | {"Condition": {"StringNotEquals": {"x": "y"}}}, True),
        (ANYTHING | {"Condition": {"StringEqualsIfExists": {"x": "y"}}}, True),
    ],
)
def test_a_statement_allows_what_it_says_and_nothing_that_is_not_understood(
    statement: dict[str, Any], allowed: bool
) -> None:
    found = statements({"Statement": statement})
    assert allows(found, "s3:GetObject", "arn:aws:s3:::b/a", {}) is allowed


def test_a_denial_that_is_not_understood_denies() -> None:
    unknown = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "::"}}}
    assert denies(statements({"Statement": [unknown]}), "s3:GetObject", "arn:aws:s3:::b/a", {})
