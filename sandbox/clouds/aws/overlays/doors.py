"""What the doors of the world do: as the listeners of a balancer say, and without whom its firewall keeps out."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.acm.models import CertBundle, acm_backends
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import FakeLoadBalancer, elbv2_backends

from sandbox.clouds.context import Context
from sandbox.fabric import FabricError, Listener, Route

# Two listeners that are made at once: without it the door could end with what it was told of the first one alone.
_following = threading.Lock()


class KeptOut:
    """The addresses that a firewall keeps out, by the ARN of the balancer that it stands before."""

    def __init__(self, _: Context) -> None:
        self._networks: dict[str, tuple[str, ...]] = {}

    def of(self, balancer: str) -> tuple[str, ...]:
        return self._networks.get(balancer, ())

    def put(self, balancer: str, networks: Iterable[str]) -> None:
        self._networks[balancer] = tuple(sorted(set(networks)))


def place_of(arn: str) -> tuple[str, str]:
    """(account, region)"""
    parts = arn.split(":")
    return parts[4], parts[3]


def follow(context: Context, balancer: FakeLoadBalancer) -> None:
    """Have the door of a balancer do as it says now. Raises ELBClientError."""
    with _following:
        if not balancer.listeners:
            close(context, balancer)
            return
        region, listeners = place_of(balancer.arn)[1], listeners_of(context, balancer)
        with _in_words_of_the_cloud():
            context.fabric.front_doors.open(region, balancer.name, listeners)


def close(context: Context, balancer: FakeLoadBalancer) -> None:
    """Raises ELBClientError."""
    with _in_words_of_the_cloud():
        context.fabric.front_doors.close(place_of(balancer.arn)[1], balancer.name)


@contextmanager
def _in_words_of_the_cloud() -> Iterator[None]:
    try:
        yield
    except FabricError as error:
        raise ELBClientError("InternalFailure", str(error)) from error


def listeners_of(context: Context, balancer: FakeLoadBalancer) -> list[Listener]:
    """What a balancer's listeners say, as the world understands it, and whom its firewall keeps out."""
    account, region = place_of(balancer.arn)
    certificates: dict[str, CertBundle] = acm_backends[account][region]._certificates
    groups = elbv2_backends[account][region].target_groups
    kept_out, found = context.one(KeptOut).of(balancer.arn), []

    def node_port(target_group: str) -> int | None:
        group = groups.get(target_group)
        return int(group.port) if group is not None else None

    for listener in balancer.listeners.values():
        bundle = certificates.get(listener.certificate or "")
        certificate = bundle.cert + bundle.key if bundle is not None else b""
        routes = [
            route(rule.conditions, rule.actions, node_port)
            for rule in sorted(listener._non_default_rules.values(), key=lambda rule: int(rule.priority))
        ]
        routes.append(route([], listener.default_actions, node_port))
        found.append(Listener(int(listener.port), tuple(routes), certificate, kept_out))
    return found


def route(
    conditions: Iterable[dict[str, Any]], actions: Iterable[Any], node_port: Callable[[str], int | None]
) -> Route:
    """A rule's conditions and its last action. Raises ELBClientError for what the world's doors cannot do."""
    patterns: dict[str, tuple[str, ...]] = {"host-header": (), "path-pattern": ()}
    for condition in conditions:
        name = str(condition["Field"])
        if name not in patterns:
            raise ELBClientError("InvalidConfigurationRequest", f"The sandbox knows no condition on {name}")
        config = condition.get({"host-header": "HostHeaderConfig", "path-pattern": "PathPatternConfig"}[name]) or {}
        patterns[name] = tuple(condition.get("Values") or config.get("Values") or ())
    hosts, paths = patterns["host-header"], patterns["path-pattern"]
    action = list(actions)[-1].data
    if action["Type"] == "redirect":
        to = {"Protocol": "#{protocol}", "Port": "#{port}", "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}"}
        to |= {key: value for key, value in action["RedirectConfig"].items() if value}
        place = f"{to['Protocol'].lower()}://{to['Host']}:{to['Port']}{to['Path']}?{to['Query']}"
        return Route(hosts, paths, redirect=place, status=int(str(to["StatusCode"]).removeprefix("HTTP_")))
    if action["Type"] == "fixed-response":
        return Route(hosts, paths, status=int(action["FixedResponseConfig"]["StatusCode"]))
    if action["Type"] != "forward":
        raise ELBClientError("InvalidConfigurationRequest", f"The sandbox's doors do not {action['Type']}")
    groups = [each["TargetGroupArn"] for each in (action.get("ForwardConfig") or {}).get("TargetGroups", [])]
    groups = groups or [action["TargetGroupArn"]]
    if len(groups) > 1:
        raise ELBClientError("InvalidConfigurationRequest", "The sandbox's doors do not weigh target groups")
    return Route(hosts, paths, node_port=node_port(groups[0]))
