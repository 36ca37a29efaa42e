"""What another user of this machine gets from a running deployment and from a running policy pack."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import grpc
import pytest
from pulumi.runtime.proto import engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from sandbox.callers import OurUsersOnly
from sandbox.engine import monitor
from sandbox.peers import admits
from scripts.packs.analyzer import PackProcess
from tests.asserts.users import STRANGER, as_user

POLICIES = Path(__file__).parents[2] / "policies"
DENIED = "grpc-status: 7"


def answer(port: int, call: str) -> str:
    """How a server answers a call without content, in the headers of gRPC over HTTP/2."""
    if shutil.which("curl") is None or b"HTTP2" not in subprocess.check_output(["curl", "--version"]):
        pytest.skip("needs a curl that speaks HTTP/2")
    headers = ["--header", "content-type: application/grpc", "--header", "te: trailers"]
    shown = ["--silent", "--max-time", "10", "--dump-header", "-", "--output", os.devnull]
    command = ["curl", "--http2-prior-knowledge", *shown, *headers, "--data-binary", "@-"]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/pulumirpc.{call}"],
        input=b"\0\0\0\0\0", stdout=subprocess.PIPE, check=False, env={"PATH": "/usr/bin:/bin"}, cwd="/",
    )  # fmt: skip
    return done.stdout.decode()


class Deployment(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """Answers what the first question of a program is answered with."""

    def SupportsFeature(self, request: object, context: object) -> object:  # noqa: N802
        return resource_pb2.SupportsFeatureResponse(hasSupport=True)


@pytest.fixture
def deployment() -> Iterator[int]:
    ours = OurUsersOnly(admits(), "no")
    server = grpc.server(ThreadPoolExecutor(2), interceptors=[ours])
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(Deployment(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    ours.listens_on(port)
    server.start()
    yield port
    server.stop(None).wait()


def test_another_user_attaches_to_no_deployment(deployment: int) -> None:
    assert DENIED not in answer(deployment, "ResourceMonitor/SupportsFeature")
    for call in ("SupportsFeature", "RegisterResource", "Invoke", "Call", "StreamInvoke"):
        asked = f"ResourceMonitor/{call}"
        assert "grpc-status: 0" not in as_user(STRANGER, partial(answer, deployment, asked))
    assert DENIED in as_user(STRANGER, lambda: answer(deployment, "ResourceMonitor/RegisterResource"))


def test_the_engine_opens_its_port_in_no_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without the question would serve everybody."""
    made: list[object] = []
    whole = grpc.server

    def noted(*arguments: object, **options: object) -> grpc.Server:
        made.append(options.get("interceptors"))
        return whole(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(grpc, "server", noted)
    monkeypatch.setattr(monitor, "DefaultProviders", lambda *_: None)
    monkeypatch.setattr(monitor, "Requests", lambda *_: None)
    session = SimpleNamespace(run=SimpleNamespace())
    served = monitor.Monitor(session, SimpleNamespace(), {}, Path())  # type: ignore[arg-type]
    served.close()
    assert [type(each[0]) for each in made if isinstance(each, list)] == [OurUsersOnly]


def test_another_user_configures_no_running_pack() -> None:
    """Whoever configures it can turn its rules off."""
    with PackProcess(POLICIES) as pack:
        port = pack.port
        assert DENIED not in answer(port, "Analyzer/GetAnalyzerInfo")
        for call in ("GetAnalyzerInfo", "Configure", "Analyze", "Remediate"):
            asked = f"Analyzer/{call}"
            assert DENIED in as_user(STRANGER, partial(answer, port, asked))
