"""
Which clouds a world can hold: the one table. A cloud's control plane is loaded with the first world that has a site in
it, or a record in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.clouds.control_plane import Start


@dataclass(frozen=True)
class Known:
    """
    A cloud of the table. `start` gives what starts its control plane; `load` loads what its first world would wait for.
    `variables` are the beginnings of the names by which its own programs and SDKs are led elsewhere.
    """

    start: Callable[[], Start]
    load: Callable[[], None]
    variables: tuple[str, ...]


def _aws() -> Start:
    from sandbox.clouds.aws.control_plane import start  # noqa: PLC0415 (half a second of imports)

    return start


def _load_aws() -> None:
    from sandbox.clouds.aws import moto_app  # noqa: PLC0415 (as above)
    from sandbox.providers.aws import RESOURCES  # noqa: PLC0415
    from sandbox.providers.sdk import load  # noqa: PLC0415

    moto_app.load()
    load("pulumi_aws", [each.sdk for each in RESOURCES])


def _azure() -> Start:
    from sandbox.clouds.azure.control_plane import start  # noqa: PLC0415 (only for worlds that hold it)

    return start


def _load_azure() -> None:
    from sandbox.clouds.azure import control_plane  # noqa: F401, PLC0415 (as above)
    from sandbox.providers.azure import RESOURCES  # noqa: PLC0415
    from sandbox.providers.sdk import load  # noqa: PLC0415

    load("pulumi_azure_native", [each.sdk for each in RESOURCES])


CLOUDS: Mapping[str, Known] = {
    "aws": Known(_aws, _load_aws, ("AWS_", "BOTO_")),
    "azure": Known(
        _azure,
        _load_azure,
        ("AZURE_", "ARM_", "IDENTITY_", "MSI_"),
    ),
}
OTHER_VARIABLES = ("GOOGLE_", "CLOUDSDK_")
"""Of clouds that no world holds yet: a program that finds them would leave the world all the same."""


def variables() -> tuple[str, ...]:
    """The beginnings of all names that lead a program to a real cloud."""
    return (*(each for known in CLOUDS.values() for each in known.variables), *OTHER_VARIABLES)
