"""The provider's way to the Resource Manager: real HTTP through the world's door, as any other program's."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Mapping
from typing import Any

import requests

from sandbox.providers.resource import Refused

LONGEST_WAIT_SECONDS = 600.0
BASE = "https://management.azure.com"
LOGIN = "https://login.microsoftonline.com"
EARLY_SECONDS = 300.0


class CloudError(Exception):
    """The Resource Manager's own refusal, in its words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"Status={status} Code={code!r} Message={message!r}".replace("'", '"'))
        self.status, self.code = status, code


class Cloud:
    """`environment` is what a program outside has in its own: the door, whom to trust, and who asks."""

    def __init__(self, environment: Mapping[str, str], subscription: str) -> None:
        self.subscription = subscription
        self._who = {name: environment[f"AZURE_{name}"] for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")}
        self._door, self._authority = environment["HTTPS_PROXY"], environment["REQUESTS_CA_BUNDLE"]
        self._local = threading.local()
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[str, float]] = {}

    @property
    def tenant(self) -> str:
        return self._who["TENANT_ID"]

    @property
    def client(self) -> str:
        return self._who["CLIENT_ID"]

    @property
    def object_id(self) -> str:
        """The operator's own, as its token says."""
        middle = self.token(BASE).split(".")[1]
        found: dict[str, str] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        return found["oid"]

    def token(self, audience: str) -> str:
        with self._lock:
            known, until = self._tokens.get(audience, ("", 0.0))
            if time.monotonic() < until:
                return known
            form = {
                "grant_type": "client_credentials",
                "client_id": self._who["CLIENT_ID"],
                "client_secret": self._who["CLIENT_SECRET"],
                "scope": f"{audience}/.default",
            }
            answer = self._session().post(f"{LOGIN}/{self.tenant}/oauth2/v2.0/token", data=form, timeout=30).json()
            made = str(answer["access_token"])
            self._tokens[audience] = (made, time.monotonic() + float(answer["expires_in"]) - EARLY_SECONDS)
            return made

    def ask(self, method: str, path: str, version: str, body: Any = None) -> Any:
        """The document that stands in the end, when whatever takes its time is done. Raises CloudError, Refused."""
        answer = self._send(method, f"{BASE}{path}?api-version={version}", body)
        following = answer.headers.get("Azure-AsyncOperation")
        if following is None:
            return answer.json() if answer.content else None
        self._wait(following, answer)
        if method == "DELETE":
            return None
        return self._send("GET", f"{BASE}{path}?api-version={version}").json() if method != "POST" else None

    def find(self, path: str, version: str) -> Any:
        """The document, or None when there is no such thing."""
        try:
            return self.ask("GET", path, version)
        except CloudError as error:
            if error.status == 404:
                return None
            raise

    def data(self, method: str, url: str, audience: str) -> None:
        """One request to a data plane."""
        self._send(method, url, audience=audience)

    def _wait(self, following: str, answer: requests.Response) -> None:
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        pause = 0.02
        while True:
            status = self._send("GET", following).json()
            if status["status"] == "Succeeded":
                return
            if status["status"] in {"Failed", "Canceled"}:
                error = status.get("error") or {}
                raise CloudError(
                    answer.status_code, error.get("code", "Failed"), error.get("message", "no reason given")
                )
            if time.monotonic() > deadline:
                raise Refused(f"waited {LONGEST_WAIT_SECONDS:g} s for {following}")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    def _send(self, method: str, url: str, body: Any = None, audience: str = BASE) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token(audience)}"}
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        while True:
            try:
                answer = self._session().request(method, url, json=body, headers=headers, timeout=30)
            except requests.RequestException as error:
                raise Refused(f"{method} {url.partition('?')[0]}: {error}") from error
            if answer.status_code != 429 or time.monotonic() > deadline:
                break
            time.sleep(float(answer.headers.get("Retry-After", "1")))
        if answer.status_code >= 400:
            found = _error_of(answer)
            raise CloudError(answer.status_code, found.get("code", "Unknown"), found.get("message", answer.text))
        return answer

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            session = requests.Session()
            session.trust_env = False  # whatever the shell says: this call goes through the world's door
            session.proxies = {"https": self._door}
            session.verify = self._authority
            self._local.session = session
        found: requests.Session = self._local.session
        return found


def _error_of(answer: requests.Response) -> dict[str, str]:
    try:
        found: dict[str, str] = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return found
