"""
The one door to every AWS API of the world.

Who asks is told by the address that was called; what is asked by the signature. A call goes through when the asker can
reach the region and the region answers; otherwise it is refused, or left waiting, as the network would.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.clouds.aws.calls import Call, CallLog, Outcome
from sandbox.clouds.aws.context import Context
from sandbox.clouds.aws.requests import GLOBAL_REGION, Environ, Target, target_of
from sandbox.clouds.server import Application, NoAnswer

LONGEST_SILENCE_SECONDS = 300
"""A caller that waits longer than this has its connection closed, so that threads do not pile up."""

GLOBAL_SERVICES = frozenset({"iam", "route53", "sts", "organizations", "cloudfront", "globalaccelerator"})


class Gateway:
    """`application_for(source)` is the WSGI application to serve on the address of that source."""

    def __init__(
        self, context: Context, inner: Application, calls: CallLog, region_of_bucket: Callable[[str], str | None]
    ):
        self._context = context
        self._inner = inner
        self._calls = calls
        self._region_of_bucket = region_of_bucket

    def application_for(self, source: str) -> Application:
        def application(environ: Environ, start_response: Any) -> Iterable[bytes]:
            return self._handle(source, environ, start_response)

        return application

    def _handle(self, source: str, environ: Environ, start_response: Any) -> Iterable[bytes]:
        target = target_of(environ)
        region = self._region_of(target)
        obstacle = self._obstacle(source, region, target)
        if obstacle is not None:
            self._calls.add(Call(time.time(), source, region, target.service, target.action, obstacle, 0))
            if obstacle == "silent":
                self._wait_in_silence()
            raise NoAnswer
        status, started = 0, time.time()

        def answer(line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            nonlocal status
            status = int(line.split(" ", 1)[0])
            return start_response(line, headers, *rest)

        try:
            body = self._inner(environ, answer)
        finally:
            self._calls.add(Call(started, source, region, target.service, target.action, "answered", status))
        if self._obstacle(source, region, target) is not None:  # it broke while the call was under way
            raise NoAnswer
        return body

    def _region_of(self, target: Target) -> str:
        if target.service in GLOBAL_SERVICES and (target.service != "sts" or target.region == "aws-global"):
            return GLOBAL_REGION
        if target.bucket is not None:
            return self._region_of_bucket(target.bucket) or target.region
        return target.region

    def _obstacle(self, source: str, region: str, target: Target) -> Outcome | None:
        network = self._context.fabric.network
        if region not in self._context.fabric.regions:
            return None
        open_ = network.region_is_up(region) and network.allowed(source, region)
        if open_ and (target.is_data_plane or network.control_plane_answers(region)):
            return None
        return "silent" if network.hangs(source, region) else "refused"

    def _wait_in_silence(self) -> None:
        deadline = time.monotonic() + LONGEST_SILENCE_SECONDS
        while time.monotonic() < deadline and not self._context.stopping.wait(1.0):
            pass
