"""
Route 53: zones that answer, health checks that are really made.

moto keeps zones that nobody can ask, health checks whose status is always the same, drops what a check on an alarm is
about, and takes two PRIMARY records of one name.
"""

from typing import Any, ClassVar

from moto.core.responses import ActionResult, EmptyResult
from moto.route53.exceptions import InvalidInput, Route53ClientError
from moto.route53.models import FakeZone, HealthCheck
from moto.route53.responses import Route53 as MotoRoute53

from sandbox.clouds.aws.overlays.route53_answers import Answers
from sandbox.clouds.aws.overlays.route53_checks import HealthCheckers
from sandbox.clouds.context import Context

ALARM_FIELDS = ("AlarmIdentifier", "InsufficientDataHealthStatus")


class AlarmCheck(HealthCheck):
    """A check on an alarm, which shows the alarm."""

    alarm: ClassVar[dict[str, Any]] = {}

    @property
    def health_check_config(self) -> dict[str, Any]:
        return {**super().health_check_config, **self.alarm}


class Route53(MotoRoute53):
    """The calls that change what is answered or checked."""

    context: ClassVar[Context]

    @property
    def _checkers(self) -> HealthCheckers:
        return self.context.one(HealthCheckers)

    # zones
    def create_hosted_zone(self) -> ActionResult:
        result = super().create_hosted_zone()
        zone: FakeZone = result.result["HostedZone"]
        if zone.private_zone:
            raise InvalidInput("The sandbox has public hosted zones only.")
        self.context.names.add_zone(zone.name.rstrip(".").lower(), Answers(self.context, zone))
        return result

    def delete_hosted_zone(self) -> ActionResult:
        zone = self.backend.get_hosted_zone(self._get_param("Id"))
        result = super().delete_hosted_zone()
        self.context.names.remove_zone(zone.name.rstrip(".").lower())
        return result

    def change_resource_record_sets(self) -> ActionResult:
        zone = self.backend.get_hosted_zone(self._get_param("Id"))
        for change in self._get_param("ChangeBatch")["Changes"]:
            self._refuse_second_of_a_kind(zone, change)
        return super().change_resource_record_sets()

    def _refuse_second_of_a_kind(self, zone: FakeZone, change: dict[str, Any]) -> None:
        wanted = change["ResourceRecordSet"]
        if change["Action"] == "DELETE":
            return
        for name in ("LatencyRegion", "GeoLocation", "GeoProximityLocation", "CidrRoutingConfig", "MultiValueAnswer"):
            if wanted.get("Region" if name == "LatencyRegion" else name):
                raise InvalidInput("The sandbox routes by failover and weight only.")
        if not wanted.get("Failover"):
            return
        for record in zone.rrsets:
            same_name = record.name.rstrip(".") == wanted["Name"].rstrip(".") and record.type == wanted["Type"]
            other = record.set_identifier != wanted.get("SetIdentifier")
            if same_name and other and record.failover == wanted["Failover"]:
                raise Route53ClientError(
                    "InvalidChangeBatch",
                    f"Failover record sets cannot be duplicated: {wanted['Name']} has a {wanted['Failover']} already",
                )

    # health checks
    def create_health_check(self) -> ActionResult:
        config = self._get_param("HealthCheckConfig")
        if config["Type"] == "RECOVERY_CONTROL":
            raise InvalidInput("The sandbox has no routing controls.")
        result = super().create_health_check()
        check = result.result["HealthCheck"]
        if config["Type"] == "CLOUDWATCH_METRIC":
            shown = {name: config[name] for name in ALARM_FIELDS if name in config}
            check.__class__ = type("HealthCheck", (AlarmCheck,), {"alarm": shown})
            alarm = config.get("AlarmIdentifier") or {}
            self._checkers.alarms[check.id] = {**alarm, "Insufficient": config.get("InsufficientDataHealthStatus")}
        self._checkers.healthy(check.id)
        return result

    def update_health_check(self) -> ActionResult:
        identity = self._get_param("HealthCheckId")
        result = super().update_health_check()
        if self._get_param("ResetElements") or any(
            self._get_param(name) is not None
            for name in ("IPAddress", "Port", "ResourcePath", "FullyQualifiedDomainName", "SearchString")
        ):
            self._checkers.forget(identity)
        return result

    def delete_health_check(self) -> ActionResult:
        identity = self._get_param("HealthCheckId")
        parents = [c.id for c in self.backend.health_checks.values() if identity in (c.children or [])]
        if parents:
            raise Route53ClientError("HealthCheckInUse", f"The health check is a child of {', '.join(parents)}.")
        super().delete_health_check()
        self._checkers.forget(identity)
        return EmptyResult()

    def get_health_check_status(self) -> ActionResult:
        check = self.backend.get_health_check(self._get_param("HealthCheckId"))
        if check.type_ in {"CALCULATED", "CLOUDWATCH_METRIC"}:
            raise InvalidInput(f"The status of a {check.type_} health check cannot be got.")
        return ActionResult(
            {
                "HealthCheckObservations": [
                    {
                        "Region": view,
                        "IPAddress": self.context.ports.addresses.get(view, "127.0.0.1"),
                        "StatusReport": {"Status": seen.report, "CheckedTime": seen.time},
                    }
                    for view, seen in sorted(self._checkers.observations(check).items())
                ]
            }
        )


def start(context: Context) -> None:
    context.one(HealthCheckers)


RESPONSES = {MotoRoute53: Route53}
