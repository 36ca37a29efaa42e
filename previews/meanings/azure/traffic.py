"""How fast Azure notices a failure and moves the traffic."""

from __future__ import annotations

from collections.abc import Iterator

from previews.copies import Side, amount

_PROFILE = "azure-native:trafficmanager:Profile"


def times_to_live(side: Side) -> Iterator[float]:
    """Seconds that each profile's name may be kept."""
    for profile in side.of(_PROFILE):
        if (value := amount(profile, "dnsConfig.ttl")) is not None:
            yield value


def detections(side: Side) -> Iterator[float]:
    """Seconds until each profile calls an endpoint unhealthy: its interval times one more than it tolerates."""
    for profile in side.of(_PROFILE):
        tolerated = amount(profile, "monitorConfig.toleratedNumberOfFailures")
        interval = amount(profile, "monitorConfig.intervalInSeconds") or 30.0
        yield interval * ((3.0 if tolerated is None else tolerated) + 1)
