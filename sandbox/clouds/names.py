"""What the control planes tell the world's name servers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Answer:
    """
    What a hosted zone says to one question.

    `values` hold addresses (A), one name (CNAME), or one name that the server resolves itself in the asker's view and
    answers with its addresses (ALIAS). No values: the name exists and has nothing of that type.
    """

    kind: Literal["A", "CNAME", "ALIAS", "TXT", "SOA", "NS"]
    values: Sequence[str]
    ttl_seconds: float


Zone = Callable[[str, str], Answer | None]
"""(name, type) -> answer, asked at each query; None: no such name. Names are lower case, without the last dot."""


class Names(Protocol):
    """
    The registry of the name servers (`sandbox.dataplane.dns`).

    Names below a domain of a cloud that were not added here (services, buckets) are answered with the address on which
    the cloud's gateway listens for the asker: the region's own, or 127.0.0.1 outside.
    """

    def add_domain(self, domain: str) -> None: ...
    def add_database(self, name: str, region: str, identifier: str) -> None: ...
    def add_cache(self, name: str, region: str, identifier: str) -> None: ...
    def add_front_door(self, name: str, region: str, front_door: str) -> None: ...
    def remove(self, name: str) -> None: ...
    def add_zone(self, zone: str, answer: Zone) -> None: ...
    def remove_zone(self, zone: str) -> None: ...
    def resolve(self, name: str, view: str) -> list[str]:
        """The addresses of `name` as seen from a region, or from "outside". Empty: no answer."""
        ...
