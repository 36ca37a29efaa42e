"""A set of control planes over a world of records."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.authority import Authority
from sandbox.clouds.planes import ControlPlanes, start_control_planes
from tests.sandbox.clouds.stand_in import PLAN, RecordedFabric, RecordedNames, ports


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    fabric, names, where = RecordedFabric(), RecordedNames(), ports()
    home: Path = tmp_path_factory.mktemp("world")
    planes: ControlPlanes = start_control_planes(fabric, names, PLAN, where, home, authority=Authority("test"), pace=50)
    yield SimpleNamespace(fabric=fabric, names=names, ports=where, planes=planes, home=home)
    planes.stop()


@pytest.fixture(scope="module")
def client(world: SimpleNamespace) -> Callable[..., Any]:
    """client(service, region, source="outside") -> boto3 client that does not retry."""

    def make(service: str, region: str, source: str = "outside", timeout: float = 60) -> Any:
        env = world.planes.env(region)
        address = "127.0.0.1" if source == "outside" else world.ports.addresses[source]
        unchecked: Any = boto3.client
        return unchecked(
            service,
            region_name=region,
            endpoint_url=f"http://{address}:{world.ports.clouds['aws']}",
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, read_timeout=timeout, connect_timeout=timeout),
        )

    return make
