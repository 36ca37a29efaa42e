"""
One comment for each project on a pull request of GitHub, found again by its hidden marker and updated in place.

Only comments of the own account count: anybody may write the marker into a comment of theirs.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from scripts.core.errors import BadInput, CloudFailed, Refused

API = "https://api.github.com"
LONGEST_BODY = 65_536
_TARGET = re.compile(
    r"(?P<owner>[A-Za-z0-9][A-Za-z0-9-]{0,38})/(?P<name>[A-Za-z0-9._-]{1,100})#(?P<number>[1-9]\d{0,9})"
)
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')
_MOST_PAGES = 200
_TRIES = 4
_LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Target:
    """A pull request. Raises BadInput through `parse` for what is none."""

    owner: str
    name: str
    number: int

    @classmethod
    def parse(cls, text: str) -> Target:
        match = _TARGET.fullmatch(text)
        if match is None:
            raise BadInput(f"{text!r} is no pull request", "write it as OWNER/REPOSITORY#NUMBER")
        return cls(match["owner"], match["name"], int(match["number"]))


def first_line(body: str) -> str:
    return body.lstrip("\ufeff").split("\n", 1)[0].strip()


def post(target: Target, body: str, *, token: str | None = None, api: str | None = None) -> str:
    """
    Write the comment: "created", "updated" or "unchanged". The body's first line is the marker.

    `token` and `api` default to GITHUB_TOKEN and GITHUB_API_URL. Raises Refused without a token, BadInput for a body
    without a marker or longer than GitHub takes, CloudFailed where GitHub does not do it.
    """
    marker = first_line(body)
    if not (marker.startswith("<!-- dr-preview:") and marker.endswith("-->")):
        raise BadInput("the comment does not begin with the hidden marker", "make it with --format markdown")
    if len(body) > LONGEST_BODY:
        raise BadInput(
            f"the comment has {len(body)} characters, GitHub takes {LONGEST_BODY}", "make it with dr preview"
        )
    token = token or os.environ.get("GITHUB_TOKEN", "")
    if not token:
        raise Refused("there is no GITHUB_TOKEN to post with", "give the job `pull-requests: write` and the token")
    base = (api or os.environ.get("GITHUB_API_URL") or API).rstrip("/")
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "dr-preview",
    }
    with httpx.Client(headers=headers, timeout=30.0, follow_redirects=False) as client:
        return _Comments(client, base, target).write(marker, body)


class _Comments:
    def __init__(self, client: httpx.Client, base: str, target: Target) -> None:
        self._client = client
        self._base = base
        self._repository = f"{base}/repos/{target.owner}/{target.name}"
        self._list = f"{self._repository}/issues/{target.number}/comments"

    def write(self, marker: str, body: str) -> str:
        marked = [comment for comment in self._all() if first_line(str(comment.get("body") or "")) == marker]
        author = self._author() if marked else ""
        if not marked or (author and not any(_login(comment) == author for comment in marked)):
            self._call("POST", self._list, {"body": body})
            return "created"
        new = None
        if not author:
            # Nobody says whose token it is: what it writes tells.
            new = self._call("POST", self._list, {"body": body})
            author = _login(new)
        mine = [comment for comment in marked if _login(comment) == author]
        if new is not None:
            if not mine:
                return "created"
            mine.append(new)
        # Two runs at once may both have created one: the oldest stays, so that links to it hold.
        kept, *repeated = sorted(mine, key=lambda comment: int(comment["id"]))
        for comment in repeated:
            self._call("DELETE", f"{self._repository}/issues/comments/{int(comment['id'])}")
        if str(kept.get("body")).replace("\r\n", "\n") == body:
            return "unchanged"
        self._call("PATCH", f"{self._repository}/issues/comments/{int(kept['id'])}", {"body": body})
        return "updated"

    def _author(self) -> str:
        """
        Whose token it is; "" where GitHub does not say. That of an app, a workflow's among them, may not ask for its
        user (403); GraphQL tells it who it is.
        """
        response = self._send("GET", f"{self._base}/user", None)
        if response.status_code not in {403, 404}:
            return str(self._body(response).get("login") or "")
        graphql = f"{self._base.removesuffix('/v3')}/graphql"
        response = self._send("POST", graphql, {"query": "query { viewer { login } }"})
        try:
            viewer = response.json()["data"]["viewer"]
            return str(viewer["login"] or "") if response.is_success else ""
        except (ValueError, KeyError, TypeError):
            return ""

    def _all(self) -> Iterator[dict[str, Any]]:
        url: str | None = f"{self._list}?per_page=100"
        for _ in range(_MOST_PAGES):
            response = self._send("GET", str(url), None)
            page = self._body(response)
            if not isinstance(page, list):
                raise CloudFailed("GitHub answered with no list of comments", "check GITHUB_API_URL")
            yield from page
            following = _NEXT.search(response.headers.get("Link", ""))
            if following is None:
                return
            url = following.group(1)
            # The token goes to no other host, whatever a header says.
            if httpx.URL(url).netloc != httpx.URL(self._base).netloc:
                raise CloudFailed("GitHub's next page is on another host", "check GITHUB_API_URL")
        raise CloudFailed("the pull request has more comments than can be read", "delete old comments")

    def _call(self, method: str, url: str, json: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._body(self._send(method, url, json))
        return answer if isinstance(answer, dict) else {}

    def _send(self, method: str, url: str, json: dict[str, Any] | None) -> httpx.Response:
        """Send, again after 429, 5xx and a secondary rate limit. A POST is not repeated after a broken connection."""
        for attempt in range(1, _TRIES + 1):
            try:
                response = self._client.request(method, url, json=json)
            except httpx.HTTPError as error:
                if attempt == _TRIES or method == "POST":
                    raise CloudFailed(f"GitHub cannot be reached: {type(error).__name__}", "run it again") from None
                time.sleep(min(2.0**attempt / 8, _LONGEST_WAIT))
                continue
            limited = response.status_code == 403 and "Retry-After" in response.headers
            if not limited and response.status_code != 429 and response.status_code < 500:
                return response
            if attempt < _TRIES:
                time.sleep(_wait(response, attempt))
        return response

    @staticmethod
    def _body(response: httpx.Response) -> Any:
        if response.is_success:
            return response.json() if response.content else {}
        hints = {
            401: "the token is wrong or has expired",
            403: "the token needs `pull-requests: write`",
            404: "check the repository and the number; the token needs `pull-requests: write`",
        }
        hint = hints.get(response.status_code, "run it again; https://www.githubstatus.com says whether GitHub is well")
        raise CloudFailed(f"GitHub answered {response.status_code} to {response.request.method}", hint)


def _login(comment: Mapping[str, Any]) -> str:
    return str((comment.get("user") or {}).get("login") or "")


def _wait(response: httpx.Response, attempt: int) -> float:
    asked = response.headers.get("Retry-After", "")
    return min(float(asked) if asked.isdigit() else 2.0**attempt / 8, _LONGEST_WAIT)
