"""How fast AWS notices a failure and moves the traffic."""

from __future__ import annotations

from collections.abc import Iterator

from previews.copies import Side, amount, text

_RECORD = "aws:route53/record:Record"
_CHECK = "aws:route53/healthCheck:HealthCheck"
# Health checks that follow others and probe nothing by themselves.
_FOLLOWING = frozenset({"CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"})


def times_to_live(side: Side) -> Iterator[float]:
    """Seconds that each record says it may be kept."""
    for record in side.of(_RECORD):
        if (value := amount(record, "ttl")) is not None:
            yield value


def detections(side: Side) -> Iterator[float]:
    """Seconds until each health check calls its target unhealthy: its interval times its failures."""
    for check in side.of(_CHECK):
        if text(check, "type") not in _FOLLOWING:
            yield (amount(check, "requestInterval") or 30.0) * (amount(check, "failureThreshold") or 3.0)
