"""What each cloud says of copies and traffic, asked in the same way of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from previews.copies import Side, Store
from previews.meanings.aws import copies as aws_copies
from previews.meanings.aws import traffic as aws_traffic
from previews.meanings.azure import copies as azure_copies
from previews.meanings.azure import traffic as azure_traffic
from previews.meanings.gcp import copies as gcp_copies


@dataclass(frozen=True, slots=True)
class Cloud:
    """
    `stores` are those of a side with their copies; `times_to_live` and `detections` are seconds, one for each record
    and each health check; `region_keys` are the keys of a stack's configuration that say where it is.
    """

    stores: Callable[[Side], list[Store]]
    times_to_live: Callable[[Side], Iterable[float]]
    detections: Callable[[Side], Iterable[float]]
    region_keys: tuple[str, ...]


def _none(_side: Side) -> Iterable[float]:
    return ()


CLOUDS = (
    Cloud(aws_copies.stores, aws_traffic.times_to_live, aws_traffic.detections, ("aws:region",)),
    Cloud(azure_copies.stores, azure_traffic.times_to_live, azure_traffic.detections, ("azure-native:location",)),
    Cloud(gcp_copies.stores, _none, _none, ("gcp:region",)),
)


def stores_of(side: Side) -> list[Store]:
    """The stores of all clouds."""
    return [store for cloud in CLOUDS for store in cloud.stores(side)]
