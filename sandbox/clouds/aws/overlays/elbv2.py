"""
Load balancers with a real front door behind them, a name that resolves, and a deletion protection that protects.

moto keeps records only, gives every balancer the same name server entry, deletes what is protected, and takes an HTTPS
listener without a certificate. Here the door does what its listeners and their rules say, and nothing else.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from moto.acm.models import CertBundle, acm_backends
from moto.core.responses import ActionResult
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import FakeAction, FakeLoadBalancer
from moto.elbv2.responses import ELBV2Response

from sandbox.clouds.aws.machines import Machines
from sandbox.clouds.aws.overlays.acm import hold
from sandbox.clouds.context import Context
from sandbox.fabric import FabricError, Listener, Route

ZONES = {
    "eu-north-1": "Z23TAZ6LKFMNIO",
    "eu-west-1": "Z32O12XQLNTSW2",
    "us-east-1": "Z35SXDOTRQ7X7K",
    "us-east-2": "Z3AADJGX6KTTL2",
    "us-west-2": "Z1H1FL5HABSF5",
    "eu-central-1": "Z215JYRZR1TBD5",
    "eu-west-2": "ZHURV8PSTC4K8",
}
"""Hosted zones of application load balancers (AWS General Reference); other regions get a made-up one."""


def zone_of(region: str) -> str:
    return ZONES.get(region, "Z" + hashlib.sha256(region.encode()).hexdigest()[:13].upper())


class ELBV2(ELBV2Response):
    """The calls that have a real effect. The door opens with the first listener and closes with the last."""

    context: ClassVar[Context]
    # Two listeners that are made at once: without it the door could end with what it was told of the first one alone.
    arranging: ClassVar[threading.Lock] = threading.Lock()

    def describe_target_health(self) -> ActionResult:
        """What the probes of real machines found; for target groups of nodes moto's own answer."""
        arn = str(self._get_param("TargetGroupArn"))
        found = self.context.one(Machines).health(arn)
        group = self.elbv2_backend.target_groups.get(arn)
        if found is None or group is None:
            return super().describe_target_health()
        return ActionResult({
            "TargetHealthDescriptions": [
                {"Target": {"Id": machine, "Port": int(group.port)}, "TargetHealth": {"State": state}}
                for machine, state in found
            ]
        })  # fmt: skip

    def create_load_balancer(self) -> ActionResult:
        result = super().create_load_balancer()
        balancer = result.result["LoadBalancers"][0]
        number = int(hashlib.sha256(balancer.arn.encode()).hexdigest()[:8], 16) % 10**9
        balancer.dns_name = f"{balancer.name}-{number}.elb.{self.region}.amazonaws.com"
        balancer.canonical_hosted_zone_id = zone_of(self.region)
        self.context.names.add_front_door(balancer.dns_name, self.region, balancer.name)
        return result

    def create_listener(self) -> ActionResult:
        self._check_certificates()
        self._check_rule("DefaultActions")
        result = super().create_listener()
        listener = result.result["Listeners"][0]
        balancer = self.elbv2_backend.load_balancers[listener.load_balancer_arn]
        try:
            self._arrange(balancer)
        except ELBClientError:
            self.elbv2_backend.delete_listener(listener.arn)
            raise
        return result

    def modify_listener(self) -> ActionResult:
        self._check_certificates()
        self._check_rule("DefaultActions")
        return self._rearranged(super().modify_listener)

    def delete_listener(self) -> ActionResult:
        return self._rearranged(super().delete_listener)

    def create_rule(self) -> ActionResult:
        self._check_rule("Actions")
        return self._rearranged(super().create_rule)

    def modify_rule(self) -> ActionResult:
        self._check_rule("Actions")
        return self._rearranged(super().modify_rule)

    def delete_rule(self) -> ActionResult:
        return self._rearranged(super().delete_rule)

    def set_rule_priorities(self) -> ActionResult:
        return self._rearranged(super().set_rule_priorities)

    def delete_load_balancer(self) -> ActionResult:
        balancer = self.elbv2_backend.load_balancers.get(self._get_param("LoadBalancerArn"))
        if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
            raise ELBClientError(
                "OperationNotPermitted", f"Load balancer '{balancer.arn}' cannot be deleted: deletion protection is on"
            )
        result = super().delete_load_balancer()
        if balancer is not None:
            if balancer.listeners:
                self._close(balancer.name)
            self.context.names.remove(balancer.dns_name)
        return result

    def _check_certificates(self) -> None:
        """Elastic Load Balancing API, CreateListener: HTTPS takes exactly one certificate, and one that is there."""
        named = [str(each.get("CertificateArn", "")) for each in self._get_param("Certificates", []) or []]
        if self._get_param("Protocol") == "HTTPS" and not named:
            raise ELBClientError("ValidationError", "A certificate must be specified for HTTPS listeners")
        for arn in named:
            if arn not in acm_backends[self.current_account][self.region]._certificates:
                raise ELBClientError("CertificateNotFound", f"Certificate '{arn}' not found")

    def _check_rule(self, actions: str) -> None:
        """What the world's doors cannot do is refused before anything is kept."""
        named = [FakeAction(dict(action)) for action in self._get_param(actions, []) or []]
        if named:
            _route(self._get_param("Conditions", []) or [], named, lambda _: None)

    def _rearranged(self, act: Callable[[], ActionResult]) -> ActionResult:
        """Do it, and have the doors it may have changed follow."""
        balancers = list(self.elbv2_backend.load_balancers.values())
        before = [_listeners_of(balancer, self._bundles(), self._node_port) for balancer in balancers]
        result = act()
        for balancer, listeners in zip(balancers, before, strict=True):
            if _listeners_of(balancer, self._bundles(), self._node_port) != listeners:
                self._arrange(balancer)
        return result

    def _arrange(self, balancer: FakeLoadBalancer) -> None:
        """Have the door follow what the balancer says now."""
        with self.arranging:
            self._follow(balancer)

    def _follow(self, balancer: FakeLoadBalancer) -> None:
        if not balancer.listeners:
            self._close(balancer.name)
            return
        listeners = _listeners_of(balancer, self._bundles(), self._node_port)
        try:
            self.context.fabric.front_doors.open(self.region, balancer.name, listeners)
        except FabricError as error:
            raise ELBClientError("InternalFailure", str(error)) from error

    def _bundles(self) -> dict[str, CertBundle]:
        found: dict[str, CertBundle] = acm_backends[self.current_account][self.region]._certificates
        return found

    def _node_port(self, target_group: str) -> int | None:
        found = self.elbv2_backend.target_groups.get(target_group)
        return int(found.port) if found is not None else None

    def _close(self, name: str) -> None:
        try:
            self.context.fabric.front_doors.close(self.region, name)
        except FabricError as error:
            raise ELBClientError("InternalFailure", str(error)) from error


def _listeners_of(
    balancer: FakeLoadBalancer, certificates: dict[str, CertBundle], node_port: Callable[[str], int | None]
) -> list[Listener]:
    """What a balancer's listeners say, as the world understands it."""
    found = []
    for listener in balancer.listeners.values():
        bundle = certificates.get(listener.certificate or "")
        certificate = bundle.cert + bundle.key if bundle is not None else b""
        routes = [
            _route(rule.conditions, rule.actions, node_port)
            for rule in sorted(listener._non_default_rules.values(), key=lambda rule: int(rule.priority))
        ]
        routes.append(_route([], listener.default_actions, node_port))
        found.append(Listener(int(listener.port), tuple(routes), certificate))
    return found


def _route(
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


def start(context: Context) -> None:
    """Listeners name certificates, which nobody may have asked about yet."""
    hold(context)


RESPONSES = {ELBV2Response: ELBV2}
URLS = "moto.elb.urls"
