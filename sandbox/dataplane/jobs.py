"""
The jobs of one region's node: a process each that runs once, in a pod's environment, and is ended when its time is
over.

The seconds of a job are real ones: what it does takes as long in a world that runs faster.
"""

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.dataplane.processes import pod_user

LONGEST_LOG = 65536
_GRACE_SECONDS = 1.0


@dataclass
class Job:
    """`exit_code` is None while it runs; `is_late` where it was ended because its time was over."""

    namespace: str
    name: str
    pod: str
    log: Path
    pid: int | None = None
    exit_code: int | None = None
    is_late: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Jobs:
    """`tell` speaks to the node's fork server, `keep` keeps a task alive until it is done."""

    def __init__(
        self, tell: Callable[[dict[str, Any]], None], keep: Callable[[Any], Any], folder: Path,
        environment: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._tell, self._keep, self._folder, self._environment = tell, keep, folder, environment
        self._jobs: dict[tuple[str, str], Job] = {}

    def start(self, namespace: str, name: str, command: Sequence[str], env: Mapping[str, str], seconds: float) -> None:
        """Run it, unless it ran already. It has `seconds`."""
        if (namespace, name) in self._jobs:
            return
        pod = f"{name}-{secrets.token_hex(3)}"
        job = self._jobs[namespace, name] = Job(namespace, name, pod, self._folder / f"{pod}.log")
        environment = {**self._environment, **env, "HOSTNAME": pod}
        self._tell(
            {"fork": pod, "command": list(command), "env": environment, "log": str(job.log), "user": pod_user().uid}
        )
        self._keep(self._bound(job, seconds))

    async def _bound(self, job: Job, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(job.ended.wait(), seconds)
        job.is_late = job.exit_code is None
        for number in (signal.SIGTERM, signal.SIGKILL):
            if job.exit_code is not None or job.pid is None:
                return
            self._tell({"kill": job.pid, "signal": int(number)})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(job.ended.wait(), _GRACE_SECONDS)

    def remove(self, namespace: str, name: str) -> None:
        """End it and forget it."""
        job = self._jobs.pop((namespace, name), None)
        if job is not None and job.pid is not None and job.exit_code is None:
            self._tell({"kill": job.pid, "signal": int(signal.SIGKILL)})

    def describe(self, namespace: str) -> list[dict[str, Any]]:
        return [
            {"name": job.name, "pod": job.pod, "exit_code": job.exit_code, "late": job.is_late}
            for job in self._jobs.values()
            if job.namespace == namespace
        ]

    def log(self, namespace: str, name: str) -> str:
        """The end of what it wrote; empty for one that is not there."""
        job = self._jobs.get((namespace, name))
        if job is None or not job.log.exists():
            return ""
        return job.log.read_bytes()[-LONGEST_LOG:].decode(errors="replace")

    # what the fork server says

    def forked(self, pod: str, pid: int) -> bool:
        """Was this one of ours? One that was removed before it was born is ended."""
        job = next((each for each in self._jobs.values() if each.pod == pod), None)
        if job is not None:
            job.pid = pid
        return job is not None

    def exited(self, pid: int, status: int) -> None:
        for job in self._jobs.values():
            if job.pid == pid and job.exit_code is None:
                job.exit_code = status
                job.ended.set()
