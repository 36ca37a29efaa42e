"""What a cloud of the table offers to a world, once its control plane runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from model import Plan
    from sandbox.authority import Authority
    from sandbox.clouds.calls import CallLog
    from sandbox.clouds.context import Context
    from sandbox.providers.servicer import Provider

OUTSIDE = "127.0.0.1"
"""Where whoever is in no region reaches a control plane."""


class ControlPlane(Protocol):
    """The control plane of one cloud. Its ports are those that `Ports` names for the cloud."""

    @property
    def package(self) -> str:
        """The name of its Pulumi package, as programs and `PULUMI_DEBUG_PROVIDERS` spell it."""

    @property
    def settings(self) -> Mapping[str, Mapping[str, str]]:
        """The settings of each stack that an operator has from this cloud before anything is declared."""

    def environment(self, region: str) -> Mapping[str, str]:
        """How a program outside, which manages things in `region`, reaches this cloud, and as whom."""

    def pod_environment(self, region: str) -> Mapping[str, str]:
        """How a pod of `region` reaches this cloud. Who it is there, `identity_of` says."""

    def identity_of(
        self, region: str, namespace: str, service_account: str, annotations: Mapping[str, str]
    ) -> Mapping[str, str]:
        """The variables by which a pod with this service account is somebody in this cloud."""

    def opens(self, token: str, clusters: Iterable[str]) -> bool:
        """Has this cloud let the maker of a bearer token into one of these clusters?"""

    def provider(self) -> Provider:
        """The Pulumi provider over this control plane."""

    def stop(self) -> None: ...


Start = Callable[["Context", "Plan", "Authority", "CallLog", Path], ControlPlane]
"""
Starts it in a world: its calls are written to the log, and the folder is the world's home. All its ports accept
connections when this returns. Raises OSError when one is taken.
"""
