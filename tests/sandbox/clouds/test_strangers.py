"""What somebody without the world's key, or another user of this machine, gets from the doors of its control planes."""

import base64
import contextlib
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from sandbox.clouds.aws.keys import Key
from tests.asserts.users import NOBODY, STRANGER, as_user

REGION = "eu-west-1"
Client = Callable[..., Any]
ANYBODY = "AKIASANDBOXWORLD0000"


def ask(
    world: SimpleNamespace, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> tuple[int, str, Mapping[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", world.ports.clouds["aws"], timeout=10)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())
    finally:
        connection.close()


def signed(
    world: SimpleNamespace,
    service: str,
    *,
    key: Key | None = None,
    method: str = "POST",
    path: str = "/",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The headers of a request as botocore signs it, with the world's key."""
    key = key or world.planes.clouds["aws"].key
    request = AWSRequest(
        method, f"http://127.0.0.1:{world.ports.clouds['aws']}{path}", headers=dict(headers or {}), data=body
    )
    SigV4Auth(Credentials(key.name, key.secret), service, REGION).add_auth(request)
    return dict(request.headers.items())


FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
LIST = b"Action=DescribeDBInstances&Version=2014-10-31"


@pytest.fixture
def secret(client: Client) -> str:
    vault = client("secretsmanager", REGION)
    with contextlib.suppress(vault.exceptions.ResourceExistsException):
        vault.create_secret(Name="the-password", SecretString="do not read")
    return "the-password"


@pytest.mark.parametrize(
    "path", ["/moto-api/reset", "/moto-api/recorder/download-recording", "/moto-api/", "/moto-api/data.json"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_servers_own_interface_is_not_served(
    client: Client, world: SimpleNamespace, secret: str, path: str, method: str
) -> None:
    assert ask(world, method, path)[0] in {403, 404}  # an object of a bucket that nobody has made
    status, _, _ = ask(world, method, path, signed(world, "rds", method=method, path=path))
    assert status in {400, 403, 404, 501}
    assert client("secretsmanager", REGION).get_secret_value(SecretId=secret)["SecretString"] == "do not read"


@pytest.mark.parametrize(
    "path", ["/latest/meta-data/iam/security-credentials/", "/latest/api/token", "/secretsmanager_us-east-1/x"]
)
def test_no_path_leads_past_the_signature(world: SimpleNamespace, path: str) -> None:
    assert ask(world, "GET", path)[0] in {403, 404}
    assert ask(world, "PUT", path)[0] == 403


def test_an_unsigned_request_reads_nothing(world: SimpleNamespace, secret: str) -> None:
    headers = {"X-Amz-Target": "secretsmanager.GetSecretValue", "Content-Type": "application/x-amz-json-1.1"}
    status, said, _ = ask(world, "POST", "/", headers, json.dumps({"SecretId": secret}).encode())
    assert status == 403
    assert "do not read" not in said


@pytest.mark.parametrize(
    "key",
    [Key(ANYBODY, "anything"), Key("AKIAAAAAAAAAAAAAAAAA", "anything"), None],
    ids=["a constant", "of another world", "the name without the secret"],
)
def test_a_key_that_is_not_this_worlds_opens_nothing(world: SimpleNamespace, secret: str, key: Key | None) -> None:
    key = key or Key(world.planes.clouds["aws"].key.name, "guessed")
    made: Any = boto3.client
    vault = made(
        "secretsmanager", region_name=REGION, endpoint_url=f"http://127.0.0.1:{world.ports.clouds['aws']}",
        aws_access_key_id=key.name, aws_secret_access_key=key.secret,
    )  # fmt: skip
    with pytest.raises(ClientError) as refused:
        vault.get_secret_value(SecretId=secret)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_each_world_has_a_key_of_its_own() -> None:
    assert len({Key.new().name for _ in range(50)}) == 50
    assert "secret" not in repr(Key("AKIAAAAAAAAAAAAAAAAA", "secret"))


def test_a_signature_holds_for_the_body_path_and_query_that_were_signed(world: SimpleNamespace) -> None:
    headers = signed(world, "rds", body=LIST, headers=FORM)
    assert ask(world, "POST", "/", headers, LIST)[0] == 200
    assert ask(world, "POST", "/", headers, LIST + b"&MaxRecords=20")[0] == 403
    assert ask(world, "POST", "/?x=1", headers, LIST)[0] == 403
    assert ask(world, "POST", "/x", headers, LIST)[0] == 403


def test_a_chunked_body_is_part_of_what_is_verified(world: SimpleNamespace) -> None:
    headers = signed(world, "rds", headers=FORM)
    connection = http.client.HTTPConnection("127.0.0.1", world.ports.clouds["aws"], timeout=10)
    connection.request("POST", "/", iter([LIST]), headers, encode_chunked=True)
    assert connection.getresponse().status == 403
    connection.close()


def test_an_old_signature_is_worth_nothing(world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: earlier.replace(tzinfo=None))
    assert ask(world, "POST", "/", signed(world, "rds", body=LIST, headers=FORM), LIST)[0] == 403


def test_a_presigned_address_works_until_it_is_changed(client: Client, world: SimpleNamespace) -> None:
    s3 = client("s3", "us-east-1")
    s3.create_bucket(Bucket="presigned")
    s3.put_object(Bucket="presigned", Key="a b/ü", Body=b"there", Metadata={"with_underscore": "x  y"})
    key, made = world.planes.clouds["aws"].key, boto3.client
    signer: Any = made(
        "s3", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{world.ports.clouds['aws']}",
        aws_access_key_id=key.name, aws_secret_access_key=key.secret, config=Config(signature_version="s3v4"),
    )  # fmt: skip
    where = signer.generate_presigned_url("get_object", {"Bucket": "presigned", "Key": "a b/ü"}, ExpiresIn=60)
    path = "/" + where.split("/", 3)[3]
    assert ask(world, "GET", path)[:2] == (200, "there")
    assert ask(world, "DELETE", path)[0] == 403
    assert ask(world, "GET", path.replace("X-Amz-Expires=60", "X-Amz-Expires=9999"))[0] == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1"])
def test_a_web_page_is_not_served_and_its_origin_not_echoed(world: SimpleNamespace, origin: str) -> None:
    headers = signed(world, "rds", body=LIST, headers=FORM) | {"Origin": origin}
    for method in ("POST", "OPTIONS"):
        status, _, answered = ask(world, method, "/", headers, LIST)
        assert status == 403
        assert not [name for name in answered if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1.evil.example", "amazonaws.com.evil.example"])
def test_a_name_that_was_rebound_to_loopback_is_not_served(world: SimpleNamespace, host: str) -> None:
    headers = {"Host": f"{host}:{world.ports.clouds['aws']}", **FORM}
    key = world.planes.clouds["aws"].key
    request = AWSRequest("POST", f"http://{headers['Host']}/", headers=headers, data=LIST)
    SigV4Auth(Credentials(key.name, key.secret), "rds", REGION).add_auth(request)
    assert ask(world, "POST", "/", dict(request.headers.items()), LIST)[0] == 403


@pytest.mark.parametrize(
    ("service", "body"),
    [
        ("batch", b"{}"),
        ("lambda", b"{}"),
        ("moto-api", b"{}"),
        ("events", b"{}"),
        ("rds", b"Action=CreateDBCluster"),
        ("sns", b"Action=Publish&TopicArn=x&Message=y"),
        ("iam", b"Action=CreateAccessKey"),
        ("sts", b"Action=AssumeRole"),
    ],
)
def test_what_the_sandbox_does_not_offer_is_refused_by_name(world: SimpleNamespace, service: str, body: bytes) -> None:
    status, said, _ = ask(world, "POST", "/", signed(world, service, body=body, headers=FORM), body)
    assert status == 501
    assert f"does not offer {service}:" in said


@pytest.mark.parametrize("headers", [{"X-Amz-Target": "SNS.ListTopics"}, {}], ids=["by the header", "by the query"])
def test_a_request_that_names_two_actions_is_not_served(world: SimpleNamespace, headers: dict[str, str]) -> None:
    path = "/" if headers else "/?Action=ListTopics"
    body = b"Action=Publish&Message=y"
    given = signed(world, "sns", path=path, body=body, headers=FORM | headers)
    assert ask(world, "POST", path, given, body)[0] == 501


def test_a_bucket_is_not_reached_by_a_call_that_names_two_things(world: SimpleNamespace) -> None:
    path = "/some-bucket?notification&versioning"
    headers = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    assert ask(world, "PUT", path, signed(world, "s3", method="PUT", path=path, headers=headers))[0] in {403, 501}


# the clusters ---------------------------------------------------------------------------------------------------------
def cluster(world: SimpleNamespace, token: str, **headers: str) -> int:
    """The status of listing the namespaces of the cluster."""
    tls = ssl.create_default_context(cafile=str(world.home / "kubernetes" / "ca.crt"))
    connection = http.client.HTTPSConnection(
        world.ports.addresses[REGION], world.ports.kubernetes, timeout=10, context=tls
    )
    connection.request("GET", "/api/v1/namespaces", headers={"Authorization": f"Bearer {token}", **headers})
    status = connection.getresponse().status
    connection.close()
    return status


def token(key: Key, cluster: str = "samia-secondary", action: str = "GetCallerIdentity", expires: int = 60) -> str:
    where = f"https://sts.{REGION}.amazonaws.com/?Action={action}&Version=2011-06-15"
    request = AWSRequest("GET", where, headers={"x-k8s-aws-id": cluster})
    SigV4QueryAuth(Credentials(key.name, key.secret), "sts", REGION, expires=expires).add_auth(request)
    return "k8s-aws-v1." + base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")


def test_a_token_signed_with_the_worlds_key_opens_its_cluster(world: SimpleNamespace) -> None:
    assert cluster(world, token(world.planes.clouds["aws"].key)) == 200


def test_a_forged_token_opens_no_cluster(world: SimpleNamespace) -> None:
    key = world.planes.clouds["aws"].key
    unsigned = (
        f"https://sts.{REGION}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
        f"&X-Amz-Credential={key.name}%2F20000101%2F{REGION}%2Fsts%2Faws4_request"
    )
    forged = "k8s-aws-v1." + base64.urlsafe_b64encode(unsigned.encode()).decode().rstrip("=")
    for attempt in (
        forged, token(Key(key.name, "guessed")), token(Key(ANYBODY, "x")), token(key, "another-cluster"),
        token(key, action="GetSessionToken"), "", "k8s-aws-v1.", "k8s-aws-v1.!!!",
    ):  # fmt: skip
        assert cluster(world, attempt) == 401, attempt


def test_a_cluster_serves_no_web_page_and_no_foreign_host(world: SimpleNamespace) -> None:
    good = token(world.planes.clouds["aws"].key)
    assert cluster(world, good, Origin="https://evil.example") == 403
    assert cluster(world, good, Host="evil.example") == 403


def test_the_provider_makes_tokens_that_its_clusters_accept(world: SimpleNamespace) -> None:
    from sandbox.providers.aws.cloud import Cloud  # noqa: PLC0415

    cloud = Cloud(f"http://127.0.0.1:{world.ports.clouds['aws']}", world.planes.clouds["aws"].key, "123456789012")
    assert cluster(world, cloud.token("samia-secondary", REGION)) == 200


# another user of this machine -----------------------------------------------------------------------------------------
def answers(address: str, port: int) -> bool:
    """Does anything come back from this port?"""
    with socket.socket() as connection:  # names would be looked up with a codec that a stranger may not read
        connection.settimeout(5)
        connection.connect((address, port))
        try:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            return bool(connection.recv(1))
        except ConnectionError:
            return False


@pytest.mark.parametrize("user", [STRANGER, NOBODY])
def test_another_user_gets_no_byte_from_the_control_planes(world: SimpleNamespace, user: int) -> None:
    assert answers("127.0.0.1", world.ports.clouds["aws"])
    doors = [("127.0.0.1", world.ports.clouds["aws"])]
    doors += [(address, world.ports.clouds["aws"]) for address in world.ports.addresses.values()]
    doors += [(address, world.ports.kubernetes) for address in world.ports.addresses.values()]
    assert as_user(user, lambda: [answers(*door) for door in doors]) == [False] * len(doors)


def first_answer(port: int) -> str:
    """How a provider answers the first question of an engine, in the headers of gRPC over HTTP/2."""
    where = f"http://127.0.0.1:{port}/pulumirpc.ResourceProvider/GetPluginInfo"
    headers = ["--header", "content-type: application/grpc", "--header", "te: trailers"]
    shown = ["--silent", "--max-time", "10", "--dump-header", "-", "--output", os.devnull]
    command = ["curl", "--http2-prior-knowledge", *shown, *headers, "--data-binary", "@-", where]
    done = subprocess.run(
        command, input=b"\0\0\0\0\0", stdout=subprocess.PIPE, check=False, env={"PATH": "/usr/bin:/bin"}, cwd="/"
    )
    return done.stdout.decode()


def test_another_user_may_not_use_the_providers(world: SimpleNamespace) -> None:
    """They carry the world's key, and their protocol has no login."""
    if shutil.which("curl") is None or b"HTTP2" not in subprocess.check_output(["curl", "--version"]):
        pytest.skip("needs a curl that speaks HTTP/2")
    ports = [world.ports.providers["aws"], *world.ports.kubernetes_providers.values()]
    for port in ports:
        assert "grpc-status: 7" not in first_answer(port)
    for answer in as_user(STRANGER, lambda: [first_answer(port) for port in ports]):
        assert "grpc-status: 7" in answer
