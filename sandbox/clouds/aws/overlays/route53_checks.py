"""
Health checkers: several of them, each in its own place, each asking as Route 53's do.

A checker changes its mind after `failure_threshold` answers in a row that say otherwise; a check is healthy when more
than 18 % of the checkers say so; a new check counts as healthy, an inverted one as unhealthy, until somebody answered
(Route 53 Developer Guide, "How Amazon Route 53 determines whether a health check is healthy"). A CALCULATED check
counts its children. Intervals run as many times faster as the world's pace; so do the checkers' timeouts.
"""

import http.client
import logging
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.route53.models import Route53Backend, route53_backends

from sandbox.clouds.aws.accounts import home_account
from sandbox.clouds.context import Context

log = logging.getLogger(__name__)

OUTSIDE = "outside"
ENOUGH = 0.18
TIMEOUT_SECONDS = 4.0
SHORTEST_TIMEOUT_SECONDS = 0.25
TICK_SECONDS = 0.02
PROBES_AT_ONCE = 16
SILENT_AFTER_INTERVALS = 4
"""A checker that reported nothing for so many intervals (its own region is gone) does not count."""


@dataclass
class Observation:
    """What one checker thinks of one check."""

    healthy: bool
    streak: int
    report: str
    at: float
    time: datetime


class HealthCheckers:
    """The checkers of one world. `alarm_state(name, region)` answers for checks on alarms."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._observed: dict[tuple[str, str], Observation] = {}
        self._due: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()
        self.alarm_state: Callable[[str, str], str] = lambda _name, _region: "INSUFFICIENT_DATA"
        self.alarms: dict[str, dict[str, Any]] = {}
        context.background("health checkers", self._run)

    # verdicts -----------------------------------------------------------------------------------------------------
    def healthy(self, check_id: str) -> bool:
        """A check that does not exist counts as healthy."""
        return self._verdict(check_id, 0)

    def _verdict(self, check_id: str, depth: int) -> bool:
        check = self._backend.health_checks.get(check_id)
        if check is None or depth > 8:
            return True
        lie = self._lie(check_id)
        if lie is not None:
            return lie
        return (True if check.disabled else self._raw(check, depth)) != bool(check.inverted)

    def _raw(self, check: Any, depth: int) -> bool:
        if check.type_ == "CALCULATED":
            children = check.children or []
            return sum(self._verdict(child, depth + 1) for child in children) >= (check.health_threshold or 0)
        if check.type_ == "CLOUDWATCH_METRIC":
            alarm = self.alarms.get(check.id, {})
            state = self.alarm_state(alarm.get("Name", ""), alarm.get("Region", ""))
            unknown = {"Healthy": True, "Unhealthy": False}.get(alarm.get("Insufficient", "LastKnownStatus"), True)
            return {"OK": True, "ALARM": False}.get(state, unknown)
        present = self.observations(check)
        if not present:
            return True
        return sum(one.healthy for one in present.values()) / len(present) > ENOUGH

    def observations(self, check: Any) -> dict[str, Observation]:
        """The last observation of each checker that still reports."""
        oldest = (
            time.monotonic() - SILENT_AFTER_INTERVALS * self._interval(check) - TIMEOUT_SECONDS / self._context.pace
        )
        with self._lock:
            return {view: seen for (of, view), seen in self._observed.items() if of == check.id and seen.at > oldest}

    def _lie(self, check_id: str) -> bool | None:
        network = self._context.fabric.network
        tags = self._backend.list_tags_for_resource(check_id)
        for name in (check_id, tags.get("Name", "") if isinstance(tags, dict) else ""):
            if name and (lie := network.health_lie(name)) is not None:
                return lie
        return None

    @property
    def _backend(self) -> Route53Backend:
        return route53_backends[home_account(self._context)]["aws"]

    # probes -------------------------------------------------------------------------------------------------------
    def forget(self, check_id: str) -> None:
        """After an edit or a deletion: what was seen does not count any more."""
        with self._lock:
            for table in (self._observed, self._due):
                for key in [key for key in table if key[0] == check_id]:
                    table.pop(key, None)

    def _interval(self, check: Any) -> float:
        return float(check.request_interval) / self._context.pace

    def _run(self) -> None:
        views = (OUTSIDE, *self._context.fabric.regions)
        with ThreadPoolExecutor(PROBES_AT_ONCE, thread_name_prefix="health checker") as pool:
            while not self._context.stopping.wait(TICK_SECONDS):
                now = time.monotonic()
                for check in list(self._backend.health_checks.values()):
                    if check.type_ in {"CALCULATED", "CLOUDWATCH_METRIC"} or check.disabled:
                        continue
                    for number, view in enumerate(views):
                        key = (check.id, view)
                        if key not in self._due:
                            # checkers ask at different moments, so that a change is seen by one of them soon
                            self._due[key] = now + self._interval(check)
                            first = number == 0
                            if not first:
                                self._due[key] = now + self._interval(check) * number / len(views)
                                continue
                        elif now < self._due[key]:
                            continue
                        else:
                            self._due[key] = now + self._interval(check)
                        pool.submit(self._probe, check, view)

    def _probe(self, check: Any, view: str) -> None:
        try:
            if view != OUTSIDE and not self._context.fabric.network.region_is_up(view):
                return
            healthy, report = self._ask(check, view)
            self._note(check, view, healthy, report)
        except Exception:
            log.exception("a health check failed in itself")

    def _note(self, check: Any, view: str, healthy: bool, report: str) -> None:
        key, now = (check.id, view), time.monotonic()
        with self._lock:
            before = self._observed.get(key)
            if before is None or before.healthy == healthy:
                self._observed[key] = Observation(healthy, 0, report, now, datetime.now(UTC))
                return
            streak = before.streak + 1
            changes = streak >= int(check.failure_threshold)
            verdict = healthy if changes else before.healthy
            self._observed[key] = Observation(verdict, 0 if changes else streak, report, now, datetime.now(UTC))

    def _ask(self, check: Any, view: str) -> tuple[bool, str]:
        host = check.ip_address or check.fqdn
        addresses = [check.ip_address] if check.ip_address else self._context.names.resolve(check.fqdn, view)
        if not addresses:
            return False, f"Failure: DNS resolution failed: no address for {host}"
        timeout = max(SHORTEST_TIMEOUT_SECONDS, TIMEOUT_SECONDS / self._context.pace)
        connection = self._connection(check, addresses[0], timeout)
        try:
            connection.connect()
            if check.type_ == "TCP":
                return True, "Success: TCP connect"
            connection.request("GET", check.resource_path or "/", headers={"Host": check.fqdn or host})
            answer = connection.getresponse()
            body = answer.read(5120).decode("utf-8", "replace")
        except OSError as error:
            return False, f"Failure: {error.__class__.__name__}: {error}"
        except http.client.HTTPException as error:
            return False, f"Failure: {error!r}"
        finally:
            connection.close()
        good = 200 <= answer.status < 400
        if "STR_MATCH" in check.type_:
            good = good and (check.search_string or "") in body
        said = f"HTTP Status Code {answer.status}, {answer.reason}. Resolved IP: {addresses[0]}"
        return good, f"{'Success' if good else 'Failure'}: {said}"

    def _connection(self, check: Any, address: str, timeout: float) -> http.client.HTTPConnection:
        """
        Ports 80 and 443 stand for the world's own: the gateway for buckets, the front doors for the rest. Certificates
        are not verified (Route 53 Developer Guide, "Health checks that monitor an endpoint": HTTPS).
        """
        ports, port = self._context.ports, int(check.port)
        if ".s3." in (check.fqdn or "") and port in {80, 443}:
            port = ports.clouds["aws"]
        elif port in {80, 443}:
            port = ports.http if port == 80 else ports.https
        if not check.type_.startswith("HTTPS"):
            return http.client.HTTPConnection(address, port, timeout=timeout)
        unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(address, port, timeout=timeout, context=unverified)
