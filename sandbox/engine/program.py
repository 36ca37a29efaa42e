"""Runs a Pulumi program in this process. Started by file name, so that it needs nothing of ours on the path.

The specification (see `run`) comes as JSON on the file descriptor that the only argument names. Exit codes: 0 done;
1 the program failed with an error of the SDK; 32 it failed otherwise and has said how.
"""

import asyncio
import gc
import json
import logging
import os
import runpy
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SAID_SO = 32
OBJECTS = 50_000  # at Python's 700 a fifth of a program's time goes into looks that find next to nothing
Task = asyncio.Future[Any]


class Outstanding(set[Task]):
    """
    Where the SDK keeps the outputs that are not done; it takes them out as they succeed.

    At the program's end the SDK takes all that are in it, waits until one is done, puts the others back and begins
    anew: n outputs cost n² steps, half of the time of a program of 2,000 resources. Here it finds, in place of those
    that are not done, one future that is done when none is left or one has failed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._failed: list[Task] = []
        self._news: Task | None = None

    def __iter__(self) -> Iterator[Task]:
        if self._failed or not self:
            return iter(list(self._failed))
        if self._news is None or self._news.done():
            self._news = asyncio.get_running_loop().create_future()
        return iter([self._news])

    def clear(self) -> None:
        """Forget what has been handed out: those that have failed."""
        self.difference_update(self._failed)
        self._failed.clear()

    def add(self, task: Task) -> None:
        if task is not self._news:
            super().add(task)
            task.add_done_callback(self._done)

    def remove(self, task: Task) -> None:
        super().remove(task)
        self._look()

    def discard(self, task: object) -> None:
        super().discard(task)
        self._look()

    def _done(self, task: Task) -> None:
        if task in self and (task.cancelled() or task.exception() is not None):
            self._failed.append(task)
            self._look()

    def _look(self) -> None:
        if self._news is not None and not self._news.done() and (self._failed or not self):
            self._news.set_result(None)


def _own_traceback(program: str) -> str:
    """The traceback from the program's own first frame on."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    main = Path(program) / "__main__.py" if Path(program).is_dir() else Path(program)
    for index, frame in enumerate(frames):
        if Path(frame.filename).absolute() == main.absolute():
            return traceback.format_exc(limit=-(len(frames) - index))
    return traceback.format_exc()


def prepare(spec: dict[str, Any]) -> None:
    """Take on the environment, folder and import path of the program, and have few looks for garbage."""
    os.environ.clear()
    os.environ.update(spec["env"])
    os.chdir(spec["cwd"])
    sys.dont_write_bytecode = bool(spec["env"].get("PYTHONDONTWRITEBYTECODE"))
    given = [p for p in spec["env"].get("PYTHONPATH", "").split(os.pathsep) if p]
    sys.path[:] = [*given, *(p for p in sys.path if p not in given)]
    gc.set_threshold(OBJECTS, 20, 20)


def run(spec: dict[str, Any]) -> int:
    """
    Run the program that `spec` describes: `program` (file or folder), `project`, `stack`, `organization`, `root`,
    `monitor`, `engine` (addresses), `parallel`, `preview`, `debug`; configuration comes in the environment.
    """
    import pulumi  # noqa: PLC0415  # only now, in the environment of the program
    import pulumi.runtime  # noqa: PLC0415

    runtime = pulumi.runtime
    runtime.set_all_config(runtime.get_config_env(), runtime.get_config_secret_keys_env())
    settings = runtime.Settings(
        project=spec["project"],
        stack=spec["stack"],
        monitor=spec["monitor"],
        engine=_engine(spec),
        parallel=spec["parallel"],
        dry_run=spec["preview"],
        organization=spec["organization"],
        root_directory=spec["root"],
    )
    settings.outputs = Outstanding()
    runtime.configure(settings)
    program = spec["program"]
    sys.argv = [program]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(spec["parallel"], 1) * 4)
    loop.set_default_executor(executor)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # a failed run leaves futures behind: no news to the user
    code = 1
    try:
        loop.run_until_complete(runtime.run_in_stack(lambda: _run_path(program)))
        code = 0
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except Exception:  # noqa: BLE001  # whatever the program raises is told, not raised
        pulumi.log.error("Program failed with an unhandled exception:\n" + _own_traceback(program))
        code = SAID_SO
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def _engine(spec: dict[str, Any]) -> Any:
    """The engine as the SDK logs to it. The SDK has some debug lines for each resource, and waits for every one."""
    import grpc  # noqa: PLC0415
    from google.protobuf import empty_pb2  # noqa: PLC0415
    from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc  # noqa: PLC0415

    engine: Any = engine_pb2_grpc.EngineStub(grpc.insecure_channel(spec["engine"]))
    if not spec["debug"]:
        told = engine.Log
        engine.Log = lambda line: empty_pb2.Empty() if line.severity == engine_pb2.DEBUG else told(line)
    return engine


def run_policy(spec: dict[str, Any]) -> int:
    """Run a policy pack, which serves until it is killed; its port is the first line that it prints."""
    import pulumi  # noqa: PLC0415
    import pulumi.runtime  # noqa: PLC0415

    for key, value in pulumi.runtime.get_config_env().items():
        pulumi.runtime.set_config(key, value)
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=spec["project"], stack=spec["stack"], dry_run=spec["preview"], organization=spec["organization"]
        )
    )
    sys.argv = [spec["program"]]
    try:
        _run_path(spec["program"])
    except Exception:  # noqa: BLE001  # whatever the pack raises is told, not raised
        traceback.print_exc()
        return 1
    return 0


def execute(spec: dict[str, Any]) -> int:
    """Run what the specification says: a program, or a policy pack."""
    prepare(spec)
    return run_policy(spec) if spec.get("kind") == "policy" else run(spec)


def _run_path(program: str) -> None:
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    with os.fdopen(int(sys.argv[1])) as given:
        specification = json.load(given)
    sys.exit(execute(specification))
