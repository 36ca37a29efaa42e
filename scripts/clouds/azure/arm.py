"""
The Resource Manager: one small client for every type of resource.

Its calls are GET, PUT, PATCH, DELETE and POST on the ID of a resource, errors have one shape, and what takes long is
polled in one way; so one client does for all types, and the large package of each service is not needed. The
api-versions are those of the provider that declares the same resources (`pulumi-azure-native` 3.29), so that a run and
a stack see the same properties.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline import policies
from azure.core.polling import LROPoller
from azure.core.rest import HttpRequest
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from azure.mgmt.core.polling.arm_polling import ARMPolling

from scripts.clouds.protocol import ConditionFailed
from scripts.core.errors import CloudFailed, OutcomeUnknown

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

ENDPOINT = "https://management.azure.com"
SCOPE = f"{ENDPOINT}/.default"
VERSIONS: Mapping[str, str] = {
    "microsoft.authorization/locks": "2020-05-01",
    "microsoft.authorization/roleassignments": "2022-04-01",
    "microsoft.cache/redisenterprise": "2025-07-01",
    "microsoft.containerinstance/containergroups": "2024-05-01-preview",
    "microsoft.containerregistry/registries": "2023-01-01-preview",
    "microsoft.containerregistry/registries/replications": "2024-11-01-preview",
    "microsoft.dbforpostgresql/flexibleservers": "2025-08-01",
    "microsoft.keyvault/deletedvaults": "2024-11-01",
    "microsoft.keyvault/locations/deletedvaults": "2024-11-01",
    "microsoft.keyvault/vaults": "2024-11-01",
    "microsoft.managedidentity/userassignedidentities": "2023-01-31",
    "microsoft.network/networksecuritygroups": "2024-05-01",
    "microsoft.network/privatednszones": "2024-06-01",
    "microsoft.network/privateendpoints": "2024-05-01",
    "microsoft.network/trafficmanagerprofiles": "2022-04-01",
    "microsoft.network/virtualnetworks": "2024-05-01",
    "microsoft.resources/resourcegroups": "2024-03-01",
    "microsoft.storage/storageaccounts": "2024-01-01",
    "microsoft.web": "2025-05-01",
}
"""By type, or by the beginning of one; the longest that fits counts."""
CONNECT_SECONDS, READ_SECONDS, WRITE_SECONDS = 1.0, 5.0, 60.0
POLL_SECONDS = 5.0
"""Between two looks at an operation for which the cloud does not say how long to wait."""


def type_of(identity: str) -> str:
    """`microsoft.web/sites/slots`, from the ID of a resource or of a collection of them."""
    _, found, rest = identity.lower().rpartition("/providers/")
    if not found:
        return "microsoft.resources/resourcegroups"
    namespace, *parts = rest.split("/")
    return "/".join((namespace, *parts[::2]))


def version_of(identity: str) -> str:
    """Raises KeyError for a type that the table does not have."""
    parts = type_of(identity).split("/")
    for length in range(len(parts), 0, -1):
        if (found := VERSIONS.get("/".join(parts[:length]))) is not None:
            return found
    raise KeyError(f"no api-version is known for {type_of(identity)}")


@contextmanager
def said(what: str) -> Iterator[None]:
    """Turn the SDKs' errors into ours. The text names the call and the cloud's own words, never what was sent."""
    try:
        yield
    except HttpResponseError as error:
        code, status = code_in(error), error.status_code
        if isinstance(error, ClientAuthenticationError):
            code = "ClientAuthenticationError"
        if status == 412 or code in {"BlobAlreadyExists", "ConditionNotMet"}:
            raise ConditionFailed(f"{what}: the condition no longer holds") from error
        raise CloudFailed(
            f"{what}: {': '.join(filter(None, (code or str(status), _words(error))))}", _hint(code, status)
        ) from error
    except (ServiceRequestError, ServiceResponseError) as error:
        raise CloudFailed(f"{what}: no answer") from error
    except AzureError as error:
        raise CloudFailed(f"{what}: {type(error).__name__}", _hint(type(error).__name__, None)) from error


def code_in(error: BaseException | None) -> str:
    """The cloud's own code for what went wrong, empty where it gave none."""
    found = getattr(getattr(error, "error", None), "code", None) or getattr(error, "error_code", None)
    return str(getattr(found, "value", found) or "")


def code_of(error: CloudFailed) -> str:
    return code_in(error.__cause__)


def is_missing(error: CloudFailed) -> bool:
    """The answer was that there is no such thing."""
    return getattr(error.__cause__, "status_code", None) == 404


@contextmanager
def unless(*codes: str, missing: bool = False) -> Iterator[None]:
    """These answers count as done: what was wanted is so already."""
    try:
        yield
    except CloudFailed as error:
        if code_of(error) not in codes and not (missing and is_missing(error)):
            raise


def _words(error: HttpResponseError) -> str:
    """The message of the body alone: that of the exception repeats the whole answer."""
    found = getattr(getattr(error, "error", None), "message", None) or error.reason or ""
    return str(found).splitlines()[0] if found else ""


def _hint(code: str, status: int | None) -> str:
    if code == "ScopeLocked":
        return "a lock forbids it: `az lock list` shows which, and nothing of ours lifts one in a run"
    if code in {"ClientAuthenticationError", "CredentialUnavailableError"} or status == 401:
        return "log in, for instance with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
    if status == 403:
        return "the roles of whoever runs this do not allow it; `az role assignment list` shows them"
    if code in {"NoRegisteredProviderFound", "InvalidResourceType"}:
        return "the cloud does not know this api-version any more: a newer release of this program is needed"
    return ""


class Arm:
    """All calls of one run to the Resource Manager. Every `identity` begins with `/subscriptions/`."""

    def __init__(self, credential: TokenCredential) -> None:
        self._client: Any = ARMPipelineClient(
            base_url=ENDPOINT,
            policies=[
                policies.RequestIdPolicy(),
                policies.HeadersPolicy(),
                policies.UserAgentPolicy("dr-stack"),
                policies.ContentDecodePolicy(),
                policies.RetryPolicy(
                    retry_total=3, retry_connect=1, retry_read=1, retry_backoff_factor=0.2, retry_backoff_max=2
                ),
                ARMChallengeAuthenticationPolicy(credential, SCOPE),
                policies.SensitiveHeaderCleanupPolicy(),
            ],
        )

    def get(self, identity: str) -> Mapping[str, Any] | None:
        """A resource as it is now, or None where there is none."""
        try:
            with said(f"looking at {_short(identity)}"):
                found: Mapping[str, Any] = self._send("GET", identity).json()
        except CloudFailed as error:
            if is_missing(error):
                return None
            raise
        return found

    def list(self, identity: str, *, where: str = "") -> list[Mapping[str, Any]]:
        """All of a collection, or those that an OData filter names; none where what it belongs to is not there."""
        found: list[Mapping[str, Any]] = []
        following: str | None = None
        try:
            with said(f"listing {_short(identity)}"):
                while following is None or following:
                    page = self._send("GET", following or identity, where=where, is_whole=following is not None).json()
                    found += page.get("value") or []
                    following = str(page.get("nextLink") or "")
        except CloudFailed as error:
            if is_missing(error):
                return []
            raise
        return found

    def put(self, identity: str, body: Mapping[str, Any], *, wait: float = 0) -> None:
        """Make it, or make it so. `wait` is how many seconds may pass until it is done; 0: it is only asked for."""
        self._change("PUT", identity, body, f"making {_short(identity)}", wait)

    def patch(self, identity: str, body: Mapping[str, Any], what: str, *, wait: float = 0) -> None:
        """Change these properties and no other; `what` says it in words."""
        self._change("PATCH", identity, body, what, wait)

    def delete(self, identity: str, *, wait: float = 0) -> None:
        """Already gone counts as done."""
        with unless(missing=True):
            self._change("DELETE", identity, None, f"deleting {_short(identity)}", wait)

    def post(self, identity: str, action: str, what: str, body: Any = None, *, wait: float = 0) -> Any:
        """One of its actions; gives what it answered, None for nothing."""
        return self._change("POST", f"{identity}/{action}", body, what, wait, version=version_of(identity))

    def text(self, identity: str, action: str, what: str) -> str:
        """What an action answers in plain text."""
        with said(what):
            path = f"{identity}/{action}"
            return str(self._send("POST", path, version=version_of(identity), seconds=WRITE_SECONDS).text())

    def _change(  # noqa: PLR0917 (private, and each call names them in this order)
        self, method: str, identity: str, body: Any, what: str, wait: float, version: str = ""
    ) -> Any:
        with said(what):
            answer = self._send(method, identity, body, version=version, seconds=WRITE_SECONDS, pipeline=True)
            response = answer.http_response
            if wait and response.status_code in {200, 201, 202}:
                self._see_done(answer, what, wait)
            return response.json() if response.status_code == 200 and response.content else None

    def _see_done(self, answer: Any, what: str, seconds: float) -> None:
        """Raises HttpResponseError where it failed, OutcomeUnknown where it was not done in time."""
        poller: LROPoller[None] = LROPoller(
            self._client,
            answer,
            lambda _: None,
            ARMPolling(
                POLL_SECONDS,
                lro_options={"final-state-via": "azure-async-operation"},
                connection_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
            ),
        )
        poller.wait(seconds)
        if not poller.done():
            raise OutcomeUnknown(f"{what}: not done after {seconds:.0f} s", "the cloud goes on; look at `dr status`")
        poller.result(0)

    def _send(
        self,
        method: str,
        identity: str,
        body: Any = None,
        *,
        version: str = "",
        seconds: float = READ_SECONDS,
        where: str = "",
        is_whole: bool = False,
        pipeline: bool = False,
    ) -> Any:
        """`is_whole`: it is an address that the cloud itself gave, with its api-version."""
        params = {} if is_whole else {"api-version": version or version_of(identity)}
        params |= {"$filter": where} if where and not is_whole else {}
        url = identity if is_whole else f"{ENDPOINT}{identity}"
        content = {} if body is None else {"json": body}
        request = HttpRequest(method, url, params=params, headers={"Accept": "application/json"}, **content)
        answer = self._client.send_request(
            request,
            _return_pipeline_response=True,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=seconds,
        )
        response = answer.http_response
        if response.status_code >= 400:
            raise _failed(response)
        return answer if pipeline else response

    def close(self) -> None:
        self._client.close()


def _failed(response: Any) -> HttpResponseError:
    """With the parts of ARM's error shape, which the client library reads for itself."""
    from azure.mgmt.core.exceptions import ARMErrorFormat  # noqa: PLC0415 (needed when something failed)

    return HttpResponseError(response=response, error_format=ARMErrorFormat)


def _short(identity: str) -> str:
    """`flexibleServers/x`: enough to find it, without the account."""
    return "/".join(identity.rstrip("/").rpartition("/providers/")[2].split("/")[-2:])
