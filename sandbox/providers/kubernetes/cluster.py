"""The provider's way to one cluster's API server."""

import threading
from dataclasses import dataclass
from typing import Any

import urllib3

from sandbox.providers.resource import Refused

TIMEOUT = urllib3.Timeout(connect=5, read=30)
FIELD_MANAGER = "pulumi-kubernetes"


class Failed(Exception):
    """The API server's own words. `code` is the HTTP status, `reason` Kubernetes' own."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Access:
    """What a kubeconfig says of a cluster. `authority` is a file in PEM."""

    server: str
    authority: str
    token: str


class Cluster:
    """Reads and writes objects by path. Raises Failed for the server's refusals, Refused when it does not answer."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._pool: urllib3.PoolManager | None = None

    def get(self, path: str) -> dict[str, Any] | None:
        """None when there is no such object."""
        try:
            return self._call("GET", path)
        except Failed as error:
            if error.code == 404:
                return None
            raise

    def apply(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply, as the real provider does by default."""
        query = f"?fieldManager={FIELD_MANAGER}&force=true"
        return self._call("PATCH", path + query, body, "application/apply-patch+yaml")

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call("POST", f"{path}?fieldManager={FIELD_MANAGER}", body)

    def delete(self, path: str) -> None:
        try:
            self._call("DELETE", path, {"propagationPolicy": "Foreground"})
        except Failed as error:
            if error.code != 404:
                raise

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, content: str = "application/json"
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._access.token}", "Content-Type": content}
        with self._lock:
            if self._pool is None:
                self._pool = urllib3.PoolManager(ca_certs=self._access.authority, maxsize=32, retries=False)
        try:
            answer = self._pool.request(method, self._access.server + path, json=body, headers=headers, timeout=TIMEOUT)
        except urllib3.exceptions.HTTPError as error:
            raise Refused(f"configured Kubernetes cluster is unreachable: {self._access.server}") from error
        found: dict[str, Any] = answer.json()
        if answer.status >= 400:
            raise Failed(answer.status, found.get("reason", ""), found.get("message", ""))
        return found


def is_cluster_error(error: BaseException) -> bool:
    return isinstance(error, Failed)
