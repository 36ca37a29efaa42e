"""How a hosted zone answers: simple, failover and weighted records, aliases, by the verdicts of the health checks."""

import random
from typing import Any

from moto.route53.models import FakeZone, RecordSet

from sandbox.clouds.aws.overlays.route53_checks import HealthCheckers
from sandbox.clouds.context import Context
from sandbox.clouds.names import Answer

ALIAS_TTL_SECONDS = 60.0
"""What an alias to a load balancer has (Route 53 Developer Guide); an alias to a record has that record's."""


class Answers:
    """Answers for one zone. TTLs run as many times faster as the world's pace."""

    def __init__(self, context: Context, zone: FakeZone) -> None:
        self._context = context
        self._zone = zone
        self._checkers = context.one(HealthCheckers)

    def __call__(self, name: str, kind: str) -> Answer | None:
        records = [record for record in list(self._zone.rrsets) if _plain(record.name) == name]
        if not records:
            records = [record for record in list(self._zone.rrsets) if _covers(_plain(record.name), name)]
        if not records:
            return None
        wanted = [record for record in records if record.type == kind]
        if not wanted and kind != "CNAME":
            wanted = [record for record in records if record.type == "CNAME"]
        chosen = self._choose(wanted)
        if chosen is None:
            return Answer("A", [], 0.0)
        return self._say(chosen)

    def _say(self, record: RecordSet) -> Answer:
        pace = self._context.pace
        if record.alias_target:
            target = _plain(record.alias_target["DNSName"])
            inner = [other for other in self._zone.rrsets if _plain(other.name) == target and other.type == record.type]
            ttl = float(inner[0].ttl or ALIAS_TTL_SECONDS) if inner else ALIAS_TTL_SECONDS
            return Answer("ALIAS", [target], ttl / pace)
        return Answer(record.type, _values(record), float(record.ttl or 0) / pace)

    def _choose(self, records: list[RecordSet]) -> RecordSet | None:
        if not records:
            return None
        if any(record.failover for record in records):
            primary = next((record for record in records if record.failover == "PRIMARY"), None)
            secondary = next((record for record in records if record.failover == "SECONDARY"), None)
            if primary is not None and self._healthy(primary):
                return primary
            if secondary is not None and (primary is None or self._healthy(secondary)):
                return secondary
            return primary
        if any(record.weight is not None for record in records):
            return self._by_weight(records)
        return records[0]

    def _by_weight(self, records: list[RecordSet]) -> RecordSet:
        """All unhealthy counts as all healthy; weight 0 is used only when nothing else is left."""
        usable = [record for record in records if self._healthy(record)] or records
        heavy = [record for record in usable if int(record.weight or 0) > 0]
        if not heavy:
            return random.choice(usable)
        return random.choices(heavy, weights=[int(record.weight) for record in heavy])[0]

    def _healthy(self, record: RecordSet) -> bool:
        if record.health_check_id and not self._checkers.healthy(record.health_check_id):
            return False
        target = record.alias_target
        if target and str(target.get("EvaluateTargetHealth")).lower() == "true":
            return self._target_healthy(_plain(target["DNSName"]), record.type)
        return True

    def _target_healthy(self, name: str, kind: str) -> bool:
        inner = [other for other in self._zone.rrsets if _plain(other.name) == name and other.type == kind]
        if inner:
            return any(self._healthy(other) for other in inner)
        return bool(self._context.names.resolve(name, "outside"))


def _values(record: RecordSet) -> list[str]:
    found: list[Any] = record.records or []
    return [entry["Value"] if isinstance(entry, dict) else str(entry) for entry in found]


def _plain(name: str) -> str:
    return name.rstrip(".").lower().replace("\\052", "*")


def _covers(pattern: str, name: str) -> bool:
    return pattern.startswith("*.") and name.endswith(pattern[1:]) and name != pattern[2:]
