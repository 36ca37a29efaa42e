"""How long an engine takes, and how much memory: preview, first up, up without a change, destroy, by size.

    python -m benchmarks.engine [--sizes 10,100,500,1000,2000] [--engines embedded,cli] [--out engine.json]

It compares the embedded engine with the `pulumi` on PATH, where there is one, on a file backend, with a provider that
answers at once. Times are seconds of the command: on the clock, and of processors in engine and program together (the
provider is not counted), which say more on a machine that has other work to do. Memory is the peak of the engine with
the program, in MiB.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import psutil
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))  # run by its file, for the provider and each measurement
from benchmarks.narration import measured, run, say

ROOT = Path(__file__).parents[1]
PROGRAM = """
import os
import pulumi

class Thing(pulumi.CustomResource):
    endpoint: pulumi.Output[str]

    def __init__(self, name, props, opts=None):
        super().__init__("bench:index:Thing", name, {"endpoint": None, **props}, opts)

group = pulumi.ComponentResource("bench:index:Group", "group", {})
before = None
for i in range(int(os.environ["BENCH_SIZE"])):
    peer = before.endpoint if before is not None and i % 10 else "none"
    before = Thing(f"thing-{i}", {"number": i, "peer": peer, "tags": {"team": "bench", "index": str(i)}},
                   pulumi.ResourceOptions(parent=group))
group.register_outputs({})
pulumi.export("last", before.endpoint)
"""
SECONDS_AT_LEAST, SECONDS_A_RESOURCE = 120.0, 0.5
"""How long all operations of one size may take before the benchmark gives them up."""
OPERATIONS = {
    "preview": ["preview", "--non-interactive"],
    "first up": ["up", "--yes", "--skip-preview", "--non-interactive"],
    "up again": ["up", "--yes", "--skip-preview", "--non-interactive"],
    "destroy": ["destroy", "--yes", "--skip-preview", "--non-interactive"],
}


# -- the provider ------------------------------------------------------------------------------------------------------
class Quick(provider_pb2_grpc.ResourceProviderServicer):
    """A provider that remembers nothing and answers at once."""

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "no handshake")

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return plugin_pb2.PluginInfo(version="1.0.0")

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        changed = request.old_inputs != request.news
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        answer = provider_pb2.CreateResponse(id="" if request.preview else str(uuid.uuid4()))
        answer.properties.CopyFrom(request.properties)
        answer.properties["endpoint"] = f"bench://{request.name}"
        return answer

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return empty_pb2.Empty()


def serve() -> None:
    """Serve until standard input closes; the port is the first line of output."""
    server = grpc.server(ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Quick(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(None)


@contextmanager
def provider() -> Iterator[int]:
    """The provider in a process of its own; its port."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()


# -- measuring ---------------------------------------------------------------------------------------------------------
class Memory:
    """The peak of the memory of a process and its descendants, looked at twice a second."""

    def __init__(self, root: psutil.Process, *, itself: bool) -> None:
        self._root, self._itself = root, itself
        self.peak = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            self._look()

    def _look(self) -> None:
        total = 0
        for process in [self._root] * self._itself + self._root.children(recursive=True):
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        self.peak = max(self.peak, total / 2**20)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._look()  # runs that are shorter than a look


def processor_seconds() -> float:
    """Of this process and its descendants, those that have ended included."""
    me = psutil.Process()
    return sum(sum(process.cpu_times()[:4]) for process in [me, *me.children(recursive=True)])


def command_of(engine: str) -> Any:
    """The engine as a PulumiCommand: both are called alike."""
    if engine == "embedded":
        from sandbox.engine import EmbeddedPulumi  # noqa: PLC0415

        return EmbeddedPulumi()
    from pulumi.automation import PulumiCommand  # noqa: PLC0415

    return PulumiCommand()


def measure(engine: str, size: int, port: int) -> dict[str, dict[str, float]]:
    """Each operation's times and memory, for one engine and one size, in a folder of its own."""
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        work, state, home = (Path(folder) / name for name in ("work", "state", "home"))
        for made in (work, state, home):
            made.mkdir()
        (work / "Pulumi.yaml").write_text("name: bench\nruntime: python\n")
        (work / "__main__.py").write_text(PROGRAM)
        env = {
            "PULUMI_HOME": str(home),
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": "bench",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DEBUG_PROVIDERS": f"bench:{port}",
            "BENCH_SIZE": str(size),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        command = command_of(engine)
        command.run(["stack", "init", "dev"], str(work), env)
        for name, argv in OPERATIONS.items():
            with Memory(psutil.Process(), itself=engine == "embedded") as memory:
                began, worked = time.perf_counter(), processor_seconds()
                command.run([*argv, "--stack", "dev"], str(work), env)
                seconds, cpu_seconds = time.perf_counter() - began, processor_seconds() - worked
            found[name] = {
                "seconds": round(seconds, 3),
                "cpu_seconds": round(cpu_seconds, 3),
                "mib": round(memory.peak, 1),
            }
    return found


def measure_apart(engine: str, size: int, port: int) -> dict[str, dict[str, float]]:
    """The same in a fresh process, so that one measurement leaves nothing to the next. Raises Unmeasured."""
    what = f"{engine} engine, {size} resources"
    say(f"{what}: {', '.join(OPERATIONS)}")
    answer = run(
        [sys.executable, __file__, "--measure", engine, str(size), str(port)], what,
        seconds=SECONDS_AT_LEAST + size * SECONDS_A_RESOURCE,
    )  # fmt: skip
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10,100,500,1000,2000")
    parser.add_argument("--engines", default="embedded,cli")
    parser.add_argument("--out", type=Path, default=Path("engine.json"))
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve()
        return
    if args.measure:
        engine, size, port = args.measure
        print(json.dumps(measure(engine, int(size), int(port))))
        return
    console = Console()
    engines = args.engines.split(",")
    if "cli" in engines and shutil.which("pulumi") is None:
        say("there is no pulumi on PATH: the embedded engine is measured alone")
        engines.remove("cli")
    table = Table(title="seconds / seconds of processors (MiB)")
    for column in ("engine", "resources", *OPERATIONS):
        table.add_column(column, justify="right")
    results = []
    for size in map(int, args.sizes.split(",")):
        for engine in engines:
            with provider() as port:
                found = measure_apart(engine, size, port)
            results.append({"engine": engine, "resources": size, **found})
            cells = (f"{v['seconds']:.2f} / {v['cpu_seconds']:.2f} ({v['mib']:.0f})" for v in found.values())
            table.add_row(engine, str(size), *cells)
    console.print(table)
    args.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(measured(main))
