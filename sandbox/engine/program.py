"""Runs a Pulumi program in this process. Started by file name, so that it needs nothing of ours on the path.

The specification (see `run`) comes as JSON on the file descriptor that the only argument names. Exit codes: 0 done;
1 the program failed with an error of the SDK; 32 it failed otherwise and has said how.
"""

import asyncio
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SAID_SO = 32


def _own_traceback(program: str) -> str:
    """The traceback from the program's own first frame on."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    main = Path(program) / "__main__.py" if Path(program).is_dir() else Path(program)
    for index, frame in enumerate(frames):
        if Path(frame.filename).absolute() == main.absolute():
            return traceback.format_exc(limit=-(len(frames) - index))
    return traceback.format_exc()


def prepare(spec: dict[str, Any]) -> None:
    """Take on the environment, folder and import path of the program."""
    os.environ.clear()
    os.environ.update(spec["env"])
    os.chdir(spec["cwd"])
    sys.dont_write_bytecode = bool(spec["env"].get("PYTHONDONTWRITEBYTECODE"))
    given = [p for p in spec["env"].get("PYTHONPATH", "").split(os.pathsep) if p]
    sys.path[:] = [*given, *(p for p in sys.path if p not in given)]


def run(spec: dict[str, Any]) -> int:
    """
    Run the program that `spec` describes: `program` (file or folder), `project`, `stack`, `organization`, `root`,
    `monitor`, `engine` (addresses), `parallel`, `preview`; configuration comes in the environment.
    """
    import pulumi  # noqa: PLC0415  # only now, in the environment of the program
    import pulumi.runtime  # noqa: PLC0415

    runtime = pulumi.runtime
    runtime.set_all_config(runtime.get_config_env(), runtime.get_config_secret_keys_env())
    runtime.configure(
        runtime.Settings(
            project=spec["project"],
            stack=spec["stack"],
            monitor=spec["monitor"],
            engine=spec["engine"],
            parallel=spec["parallel"],
            dry_run=spec["preview"],
            organization=spec["organization"],
            root_directory=spec["root"],
        )
    )
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
