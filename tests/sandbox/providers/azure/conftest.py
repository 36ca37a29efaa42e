"""The provider over the Resource Manager over a world of records."""

from collections.abc import Iterator

import grpc
import pytest

from tests.sandbox.clouds.azure.conftest import Azure, azure, credential, enter, entered, group, make
from tests.sandbox.providers.conftest import Engine

__all__ = ["azure", "credential", "enter", "entered", "group", "make"]


@pytest.fixture(scope="module")
def native(azure: Azure) -> Iterator[Engine]:
    with grpc.insecure_channel(f"127.0.0.1:{azure.planes.context.ports.providers['azure']}") as channel:
        yield Engine(channel)
