"""A local HTTP server that behaves as GitHub's comments API does: pages, Link headers, limits, errors, accounts."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

ACTIONS = "github-actions[bot]"
PAGE = 30


class GitHub:
    """
    `comments` are those of pull request shop/orders#7. `accounts` maps tokens to logins; those of apps may not ask for
    their user, and GraphQL tells them who they are unless `tells` is False. `fail` holds status codes to answer the
    next requests with; `elsewhere` sends pages to another host.
    """

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.accounts = {"workflow-token": ACTIONS, "person-token": "mona", "app-token": "deploy-app[bot]"}
        self.tells = True
        self.fail: list[int] = []
        self.elsewhere = ""
        self.requests: list[str] = []
        self._next = 1
        github = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

            def do_GET(self) -> None:
                github.answer(self)

            do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, login: str, body: str) -> dict[str, Any]:
        comment = {"id": self._next, "body": body, "user": {"login": login}}
        self._next += 1
        self.comments.append(comment)
        return comment

    def bodies(self, login: str) -> list[str]:
        return [comment["body"] for comment in self.comments if comment["user"]["login"] == login]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length") or 0)
        body = json.loads(request.rfile.read(length)) if length else {}
        url = urlsplit(request.path)
        self.requests.append(f"{request.command} {url.path}")
        if self.fail:
            self._send(request, self.fail.pop(0), {"message": "try again"}, {"Retry-After": "0"})
            return
        login = self.accounts.get((request.headers.get("Authorization") or "").removeprefix("Bearer "))
        if login is None:
            self._send(request, 401, {"message": "Bad credentials"})
        elif url.path == "/user":
            self._send(request, 403 if login.endswith("[bot]") else 200, {"login": login})
        elif url.path == "/graphql" and self.tells:
            self._send(request, 200, {"data": {"viewer": {"login": login}}})
        elif url.path == "/repos/shop/orders/issues/7/comments":
            self._list_or_create(request, login, body, parse_qs(url.query))
        elif match := re.fullmatch(r"/repos/shop/orders/issues/comments/(\d+)", url.path):
            self._change(request, int(match[1]), body)
        else:
            self._send(request, 404, {"message": "Not Found"})

    def _list_or_create(
        self, request: BaseHTTPRequestHandler, login: str, body: dict[str, Any], query: dict[str, list[str]]
    ) -> None:
        if request.command == "POST":
            if len(body["body"]) > 65_536:
                self._send(request, 422, {"message": "body is too long (maximum is 65536 characters)"})
            else:
                self._send(request, 201, self.add(login, body["body"]))
            return
        page = int(query.get("page", ["1"])[0])
        shown = self.comments[(page - 1) * PAGE : page * PAGE]
        headers = {}
        if page * PAGE < len(self.comments):
            base = self.elsewhere or self.url
            headers["Link"] = (
                f'<{base}/repos/shop/orders/issues/7/comments?page={page + 1}>; rel="next", '
                f'<{base}/repos/shop/orders/issues/7/comments?page=99>; rel="last"'
            )
        self._send(request, 200, shown, headers)

    def _change(self, request: BaseHTTPRequestHandler, number: int, body: dict[str, Any]) -> None:
        comment = next((item for item in self.comments if item["id"] == number), None)
        if comment is None:
            self._send(request, 404, {"message": "Not Found"})
        elif request.command == "DELETE":
            self.comments.remove(comment)
            self._send(request, 204, None)
        else:
            comment["body"] = body["body"]
            self._send(request, 200, comment)

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)
