"""Providers over control planes over a world of records, and an engine's side of the protocol."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.providers.values import plain, struct
from tests.sandbox.clouds.conftest import client, world

__all__ = ["client", "world"]


class Engine:
    """Asks a provider as an engine does. Values are plain Python; `secrets` names inputs that are secret."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.stub = provider_pb2_grpc.ResourceProviderStub(channel)

    @staticmethod
    def urn(token: str, name: str) -> str:
        return f"urn:pulumi:test::tests::{token}::{name}"

    def check(self, token: str, name: str, inputs: dict[str, Any], old: dict[str, Any] | None = None) -> Any:
        request = provider_pb2.CheckRequest(
            urn=self.urn(token, name), news=struct(inputs), olds=struct(old or {}), randomSeed=b"seed"
        )
        return self.stub.Check(request)

    def diff(self, token: str, name: str, old: dict[str, Any], new: dict[str, Any]) -> Any:
        request = provider_pb2.DiffRequest(
            urn=self.urn(token, name), id="x", old_inputs=struct(old), olds=struct(old), news=struct(new)
        )
        return self.stub.Diff(request)

    def create(
        self,
        token: str,
        name: str,
        inputs: dict[str, Any],
        *,
        secrets: tuple[str, ...] = (),
        preview: bool = False,
    ) -> Any:
        """Check, then Create; refuses nothing by itself."""
        checked = self.check(token, name, inputs)
        assert not checked.failures, checked.failures
        properties = struct(plain(checked.inputs), secrets)
        return self.stub.Create(
            provider_pb2.CreateRequest(urn=self.urn(token, name), properties=properties, preview=preview)
        )

    def update(self, token: str, made: Any, old: dict[str, Any], new: dict[str, Any]) -> Any:
        return self.stub.Update(
            provider_pb2.UpdateRequest(
                urn=self.urn(token, "x"),
                id=made.id,
                olds=made.properties,
                old_inputs=struct(old),
                news=struct(new),
            )
        )

    def read(self, token: str, identity: str, state: struct_pb2.Struct, inputs: dict[str, Any]) -> Any:
        request = provider_pb2.ReadRequest(
            urn=self.urn(token, "x"), id=identity, properties=state, inputs=struct(inputs)
        )
        return self.stub.Read(request)

    def delete(self, token: str, made: Any, inputs: dict[str, Any]) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                urn=self.urn(token, "x"), id=made.id, properties=made.properties, old_inputs=struct(inputs)
            )
        )


@pytest.fixture(scope="module")
def aws(world: SimpleNamespace) -> Iterator[Engine]:
    with grpc.insecure_channel(f"127.0.0.1:{world.ports.providers['aws']}") as channel:
        yield Engine(channel)


@pytest.fixture(scope="module")
def kubernetes(world: SimpleNamespace) -> Iterator[Engine]:
    """The provider of eu-west-1's cluster."""
    with grpc.insecure_channel(f"127.0.0.1:{world.ports.kubernetes_providers['eu-west-1']}") as channel:
        yield Engine(channel)
