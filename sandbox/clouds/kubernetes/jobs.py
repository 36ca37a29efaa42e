"""
Jobs: a process that runs once in a pod of its own, and what the API shows of it.

A small part of the Job controller (Kubernetes documentation, "Jobs"): one pod, started once. A Job that may be tried
again (`backoffLimit` above 0) is refused, because the sandbox would not.
"""

import threading
from typing import Any

from sandbox.clouds.kubernetes.errors import ApiError
from sandbox.clouds.kubernetes.kinds import JOB, POD
from sandbox.clouds.kubernetes.store import Object, Store, now
from sandbox.clouds.kubernetes.workloads import MissingReference, Workloads
from sandbox.fabric import Fabric, FabricError, JobSpec, JobState

LONGEST_SECONDS = 24 * 3600
CANNOT_START = 128
"""containerd's exit code for a container that it could not start."""


class Jobs:
    """Runs the Jobs of one cluster as processes of the world's compute, and keeps their status and their pods."""

    def __init__(self, region: str, store: Store, fabric: Fabric, workloads: Workloads) -> None:
        self._region, self._store, self._fabric, self._workloads = region, store, fabric, workloads
        self._lock = threading.RLock()
        self._problems: dict[tuple[str, str], str] = {}

    def start(self, job: Object) -> None:
        """A Job that is there: run it once. What cannot be started is shown as a pod that failed."""
        namespace, name, spec = job["metadata"]["namespace"], job["metadata"]["name"], job["spec"]
        if spec["template"]["spec"].get("initContainers"):
            self._store.delete(JOB, namespace, name)
            raise ApiError(422, "Invalid", "the sandbox runs no init containers in the pod of a Job")
        if spec["backoffLimit"] != 0 or spec["completions"] != 1 or spec["suspend"]:
            self._store.delete(JOB, namespace, name)
            raise ApiError(
                422, "Invalid", "the sandbox runs a Job once, at once: backoffLimit 0, completions 1, not suspended"
            )
        with self._lock:
            try:
                process = self._workloads.read(namespace, spec["template"])[0]
                identity = self._workloads.identity(namespace, spec["template"])
                seconds = float(spec.get("activeDeadlineSeconds", LONGEST_SECONDS))
                made = JobSpec(namespace, name, process.command, process.env, seconds, identity)
                self._fabric.compute.start_job(self._region, made)
            except (FabricError, MissingReference) as error:
                self._problems[namespace, name] = str(error)
            self._store.update(JOB, namespace, name, lambda item: {**item, "status": {"startTime": now(), "active": 1}})
        self.refresh()

    def remove(self, namespace: str, name: str) -> None:
        """The Job is gone: end it, and let its pod go."""
        with self._lock:
            self._problems.pop((namespace, name), None)
            for pod in self._pods_of(namespace, name):
                self._store.delete(POD, namespace, pod)
            try:
                self._fabric.compute.remove_job(self._region, namespace, name)
            except FabricError as error:
                raise ApiError(500, "InternalError", str(error)) from error

    def log(self, namespace: str, pod: str) -> str:
        """What a Job's pod wrote. Raises ApiError 404."""
        found = self._store.get(POD, namespace, pod)
        owner = found["metadata"]["ownerReferences"][0]
        with self._lock:
            return self._problems.get((namespace, owner["name"])) or self._fabric.compute.job_log(
                self._region, namespace, owner["name"]
            )

    def refresh(self) -> None:
        """Write down what became of those that have not ended."""
        with self._lock:
            for job in self._store.list(JOB, None)[0]:
                if not (job.get("status") or {}).get("conditions"):
                    self._show(job)

    def _show(self, job: Object) -> None:
        namespace, name = job["metadata"]["namespace"], job["metadata"]["name"]
        try:
            known = {each.name: each for each in self._fabric.compute.jobs(self._region, namespace)}
        except FabricError:
            return  # the region does not answer: nothing new is known
        state = known.get(name)
        if state is None:  # never started, or its node is another one by now
            state = JobState(name, f"{name}-lost", CANNOT_START)
        started = (job.get("status") or {}).get("startTime") or now()
        if state.is_late:
            for pod in self._pods_of(namespace, name):  # the controller deletes the pods of a Job that is late
                self._store.delete(POD, namespace, pod)
        else:
            self._put_pod(job, state)
        status = _status(started, state)
        self._store.update(JOB, namespace, name, lambda item: {**item, "status": status})

    def _pods_of(self, namespace: str, name: str) -> list[str]:
        return [
            pod["metadata"]["name"]
            for pod in self._store.list(POD, namespace)[0]
            if (pod["metadata"].get("labels") or {}).get("job-name") == name
        ]

    def _put_pod(self, job: Object, state: JobState) -> None:
        template, name = job["spec"]["template"], job["metadata"]["name"]
        container = template["spec"]["containers"][0]
        running = state.exit_code is None
        ended = {
            "terminated": {"exitCode": state.exit_code, "reason": "Completed" if state.exit_code == 0 else "Error"}
        }
        seen = {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": False,
            "restartCount": 0,
        }
        status: Object = {
            "phase": "Running" if running else "Succeeded" if state.exit_code == 0 else "Failed",
            "containerStatuses": [{**seen, "started": running, "state": {"running": {}} if running else ended}],
        }
        reference = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": job["metadata"]["uid"]}
        own = {"batch.kubernetes.io/job-name": name, "job-name": name, "controller-uid": job["metadata"]["uid"]}
        labels = {**((template.get("metadata") or {}).get("labels") or {}), **own}
        namespace = job["metadata"]["namespace"]
        try:
            self._store.update(POD, namespace, state.pod, lambda item: {**item, "status": status})
        except ApiError:
            metadata: dict[str, Any] = {"name": state.pod, "namespace": namespace, "labels": labels}
            metadata["ownerReferences"] = [{**reference, "controller": True}]
            item = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status, "spec": template["spec"]}
            self._store.create(POD, namespace, state.pod, item)


def _status(started: str, state: JobState) -> Object:
    status: Object = {"startTime": started}
    if state.is_late:
        why = ("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
    elif state.exit_code is None:
        return {**status, "active": 1}
    elif state.exit_code == 0:
        why = ("Complete", "CompletionsReached", "Reached expected number of succeeded pods")
        status |= {"succeeded": 1, "completionTime": now()}
    else:
        why = ("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
        status |= {"failed": 1}
    condition = {"type": why[0], "status": "True", "reason": why[1], "message": why[2], "lastTransitionTime": now()}
    return {**status, "conditions": [condition]}
