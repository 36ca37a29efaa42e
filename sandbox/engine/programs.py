"""The program of a run, however it is run: as a process of its own, or inline by a host that calls us."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import grpc
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from sandbox.engine.deployment import Deployment
from sandbox.engine.errors import NotSupportedError
from sandbox.engine.launcher import Child, Launcher
from sandbox.engine.monitor import Monitor
from sandbox.engine.program import SAID_SO
from sandbox.engine.provider import CHANNEL_OPTIONS
from sandbox.engine.stacks import Stack

Json = Any


class Program:
    """The program of a run, however it is run."""

    def __init__(
        self,
        stack: Stack,
        monitor: Monitor,
        run: Deployment,
        texts: Mapping[str, str],
        *,
        env: Mapping[str, str],
        launcher: Launcher,
        client: str,
    ) -> None:
        """`client` is the address of a host that runs the program inline, or empty."""
        self.stack, self.monitor, self.run, self.texts = stack, monitor, run, texts
        self._env, self._launcher, self._client = env, launcher, client
        self._child: Child | None = None
        self.code: int | None = None
        self.bailed = False
        self.error = ""

    def _spec(self) -> dict[str, Json]:
        project = self.stack.project
        program = project.program
        folder = program if program.is_dir() else program.parent
        env = {
            **self._env,
            "PULUMI_CONFIG": json.dumps(dict(self.texts)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps([k for k, v in self.monitor.config.items() if v.secret]),
        }
        return {
            "env": env,
            "cwd": str(folder),
            "program": str(program),
            "project": project.name,
            "stack": self.stack.name,
            "organization": "organization",
            "root": str(project.root),
            "monitor": self.monitor.address,
            "engine": self.monitor.address,
            "parallel": self.run.options.parallel,
            "preview": self.run.options.preview,
            "debug": self.run.options.debug,
        }

    def _python(self) -> str:
        virtualenv = self.stack.project.options.get("virtualenv")
        if virtualenv:
            found = self.stack.project.root / str(virtualenv) / "bin" / "python"
            if found.exists():
                return str(found)
        return sys.executable

    def execute(self) -> None:
        """Run the program to its end."""
        if self._client:
            self._inline()
            return
        runtime = self.stack.project.runtime
        if runtime != "python":
            feature = f"runtime '{runtime}'; only python is"
            raise NotSupportedError(feature)
        reporter = self.run.reporter
        self._child = self._launcher.start(
            self._python(), self._spec(), reporter.info, lambda line: reporter.diagnostic("info#err", line)
        )
        if self.monitor.session.executor.stopped.is_set():
            self._child.interrupt()
        self.code = self._child.wait()

    def _inline(self) -> None:
        spec = self._spec()
        with grpc.insecure_channel(self._client, options=CHANNEL_OPTIONS) as channel:
            request = language_pb2.RunRequest(
                project=spec["project"],
                stack=spec["stack"],
                pwd=spec["cwd"],
                program=spec["program"],
                config=dict(self.texts),
                dryRun=spec["preview"],
                parallel=spec["parallel"],
                monitor_address=spec["monitor"],
                organization=spec["organization"],
                configSecretKeys=[k for k, v in self.monitor.config.items() if v.secret],
                info=language_pb2.ProgramInfo(
                    root_directory=spec["root"], program_directory=spec["cwd"], entry_point="."
                ),
            )
            try:
                answer = language_pb2_grpc.LanguageRuntimeStub(channel).Run(request)
                self.error, self.bailed = answer.error, answer.bail
                self.code = 1 if answer.error or answer.bail else 0
            except grpc.RpcError as error:
                self.error, self.code = error.details() or "the program's host has gone", 1

    def interrupt(self) -> None:
        if self._child is not None:
            self._child.interrupt()

    def failure(self) -> str | None:
        """What is to be said of a program that failed; empty when it has said so itself."""
        if not self.code:
            return None
        if self.bailed or self.code == SAID_SO:
            return ""
        detail = self.error or f"program exited with non-zero exit code: {self.code}"
        return detail if self.error else f"an unhandled error occurred: {detail}"
