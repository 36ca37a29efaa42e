"""The door: what goes through it, from where, and what does not."""

import http.client
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
from azure.identity import ClientSecretCredential, DefaultAzureCredential
from azure.mgmt.resource.resources import ResourceManagementClient

from sandbox.clouds.azure.tokens import Claims, Tokens
from tests.sandbox.clouds.azure.conftest import NORTH, SUBSCRIPTION, WEST, Azure

ARM = "https://management.azure.com"
GROUPS = f"{ARM}/subscriptions/{SUBSCRIPTION}/resourceGroups?api-version=2024-03-01"


def test_the_vendors_login_and_client_work_with_nothing_but_the_environment(make: Callable[..., Any]) -> None:
    client = make(ResourceManagementClient)
    client.resource_groups.create_or_update("rg-door", {"location": "North Europe", "tags": {"a": "b"}})
    found = client.resource_groups.get("rg-door")
    assert (found.location, found.tags, found.properties.provisioning_state) == (NORTH, {"a": "b"}, "Succeeded")
    assert "rg-door" in [each.name for each in client.resource_groups.list()]


def test_a_host_that_is_not_of_the_world_is_refused(entered: None) -> None:
    for host in ("graph.microsoft.com", "example.com", "nobody.blob.core.windows.net", "nobody.vault.azure.net"):
        with pytest.raises(requests.exceptions.ProxyError, match="403"):
            requests.get(f"https://{host}/", timeout=10)


def test_only_tls_goes_through(azure: Azure) -> None:
    door = azure.env()["HTTPS_PROXY"].removeprefix("http://")
    connection = http.client.HTTPConnection(door, timeout=10)
    connection.request("GET", "http://management.azure.com/subscriptions?api-version=2022-12-01")
    assert connection.getresponse().status == 403


def test_a_request_for_another_host_than_the_connections_is_refused(azure: Azure, entered: None) -> None:
    answer = requests.get(GROUPS, headers={"Host": "login.microsoftonline.com"}, timeout=10)
    assert (answer.status_code, "this connection was opened to" in answer.text) == (403, True)


def test_web_pages_are_not_served(entered: None, credential: DefaultAzureCredential) -> None:
    token = credential.get_token(f"{ARM}/.default").token
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(GROUPS, headers=headers, timeout=10).status_code == 200
    assert requests.get(GROUPS, headers={**headers, "Origin": "https://evil.example"}, timeout=10).status_code == 403


def test_the_certificates_are_the_worlds_own(azure: Azure) -> None:
    """Who does not trust the world's authority does not speak to it."""
    host, _, port = azure.env()["HTTPS_PROXY"].removeprefix("http://").partition(":")
    connection = http.client.HTTPSConnection(host, int(port), timeout=10, context=ssl.create_default_context())
    connection.set_tunnel("management.azure.com", 443)
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.connect()


@pytest.mark.parametrize(
    ("token", "says"),
    [("", "header is missing"), ("nonsense", "not signed here"), ("a.b.c", "not signed here")],
)
def test_nothing_is_told_without_a_token_of_this_world(entered: None, token: str, says: str) -> None:
    answer = requests.get(GROUPS, headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=10)
    assert answer.status_code == 401
    assert says in answer.json()["error"]["message"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


def test_tokens_are_for_one_audience_and_one_tenant_and_for_an_hour(azure: Azure, entered: None) -> None:
    login = azure.world.login
    who = login.operator.object_id, login.operator.client_id
    cases = {
        "the token is for https://vault.azure.net": login.tokens.make(Claims(*who, "https://vault.azure.net")),
        "has expired": login.tokens.make(Claims(*who, ARM), seconds=-1),
        "not signed here": Tokens(login.tenant).make(Claims(*who, ARM)),
        "principal": login.tokens.make(Claims("nobody", "nobody", ARM)),
    }
    for says, token in cases.items():
        answer = requests.get(GROUPS, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert answer.status_code == 401
        assert says in answer.json()["error"]["message"]


def test_a_wrong_secret_gets_no_token(azure: Azure, entered: None) -> None:
    login = azure.world.login
    wrong = ClientSecretCredential(login.tenant, login.operator.client_id, "wrong")
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        wrong.get_token(f"{ARM}/.default")


def test_what_a_lost_or_cut_region_cannot_reach(azure: Azure, enter: Callable[[str], None]) -> None:
    """The proxy's address says where the asker stands: a region that is cut off reaches nothing global either."""
    enter(WEST)
    azure.fabric.network.cut.add((WEST, "outside"))
    try:
        credential = DefaultAzureCredential(retry_total=0)
        with pytest.raises((ClientAuthenticationError, ServiceRequestError)):
            credential.get_token(f"{ARM}/.default")
    finally:
        azure.fabric.network.cut.clear()
    assert DefaultAzureCredential().get_token(f"{ARM}/.default").token


def test_an_asker_without_a_role_is_told_what_it_lacks(azure: Azure, make: Callable[..., Any]) -> None:
    made = azure.world.login.add_identity("nobody")
    token = azure.world.login.tokens.make(Claims(made.object_id, made.client_id, ARM))
    answer = requests.get(GROUPS, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "AuthorizationFailed"
    assert "Microsoft.Resources/resourceGroups/read" in answer.json()["error"]["message"]


def test_every_call_is_in_the_record(azure: Azure, make: Callable[..., Any]) -> None:
    with pytest.raises(HttpResponseError):
        make(ResourceManagementClient).resource_groups.get("rg-nowhere")
    last = azure.planes.calls.read()[-1]
    assert (last.service, last.status, last.source) == ("management", 404, "outside")


@pytest.mark.parametrize(
    "said",
    [
        "Content-Length: 4\r\nContent-Length: 0",
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Content-Length: +4",
        "Content-Length: -1",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked\r\n\r\n-1",
    ],
)
def test_a_request_that_does_not_say_plainly_where_it_ends_is_refused(azure: Azure, said: str) -> None:
    host, _, port = azure.env()["HTTPS_PROXY"].removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as door:
        door.sendall(f"POST / HTTP/1.1\r\nHost: {host}:{port}\r\n{said}\r\n\r\n".encode())
        assert door.recv(100).startswith(b"HTTP/1.1 400 ")
