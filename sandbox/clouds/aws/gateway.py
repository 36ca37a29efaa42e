"""
The one door to every AWS API of the world.

Where somebody asks from is told by the address that was called; who asks, and for which service, by the signature. A
call goes through when it is signed with a key of the world, when the sandbox offers what it asks for and policies allow
the holder of the key to ask for it, and when the asker can reach the region and the region answers; otherwise it is
denied, refused, or left waiting, as the network would.
"""

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.clouds.aws.denials import Denied, denial
from sandbox.clouds.aws.identities import Identities
from sandbox.clouds.aws.requests import GLOBAL_REGION, Environ, Target, is_public_read, target_of
from sandbox.clouds.aws.signatures import Signer, Unsigned, verify
from sandbox.clouds.aws.supported import SERVICES, NotOffered, Service, check
from sandbox.clouds.calls import Call, CallLog, Outcome
from sandbox.clouds.context import Context
from sandbox.clouds.server import Application, NoAnswer, why_not_served

LONGEST_SILENCE_SECONDS = 300
"""A caller that waits longer than this has its connection closed, so that threads do not pile up."""

ALSO_HERE = re.compile(r"([a-z0-9.-]+\.)?amazonaws\.com")
"""The cloud's own names, which the world's name servers lead here."""

READS = re.compile("(Get|List|Describe|Simulate|Test)")
GLOBAL_SERVICES = frozenset({"iam", "route53", "sts", "organizations", "cloudfront", "globalaccelerator"})


class Gateway:
    """`application_for(source)` is the WSGI application to serve on the address of that source."""

    def __init__(
        self,
        context: Context,
        inner: Callable[[str], Application],
        calls: CallLog,
        region_of_bucket: Callable[[str], str | None],
        identities: Identities,
    ):
        """`inner` gives the application of a service of moto."""
        self._context = context
        self._inner = inner
        self._identities = identities
        self._calls = calls
        self._region_of_bucket = region_of_bucket

    def application_for(self, source: str) -> Application:
        def application(environ: Environ, start_response: Any) -> Iterable[bytes]:
            return self._handle(source, environ, start_response)

        return application

    def _handle(self, source: str, environ: Environ, start_response: Any) -> Iterable[bytes]:
        try:
            target, service = self._let_in(environ)
        except Denied as error:
            self._calls.add(
                Call(time.time(), source, error.region, error.service, error.action, "denied", error.status)
            )
            return denial(error, start_response)
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
            body = self._inner(service.backend)(environ, answer)
        finally:
            self._calls.add(Call(started, source, region, target.service, target.action, "answered", status))
        if self._obstacle(source, region, target) is not None:  # it broke while the call was under way
            raise NoAnswer
        return body

    def _let_in(self, environ: Environ) -> tuple[Target, Service]:
        """What is asked for, and of what. Raises Denied."""
        reason = why_not_served(environ, ALSO_HERE)
        if reason is not None:
            raise Denied("AccessDenied", reason)
        if is_public_read(environ):
            return target_of(environ, "s3", GLOBAL_REGION), SERVICES["s3"]
        try:
            signer: Signer = verify(environ, self._identities.secret_of)
        except Unsigned as error:
            raise Denied(error.code, str(error)) from error
        target = Target(signer.service, signer.region, "?")
        if signer.service in SERVICES:
            target = target_of(environ, signer.service, signer.region)
        try:
            service = check(target.service, target.action)
        except NotOffered as error:
            raise Denied("NotImplemented", str(error), 501, target) from error
        forbidden = self._identities.why_not(signer.key, target, environ)
        if forbidden is not None:
            raise Denied("AccessDenied", forbidden, 403, target)
        frozen = self._context.fabric.network.global_is_frozen() and target.service in GLOBAL_SERVICES - {"sts"}
        if frozen and not READS.match(target.action):
            raise Denied("ServiceUnavailable", "The service is recovering, and takes no changes.", 503, target)
        return target, service

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
