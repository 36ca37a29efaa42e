"""A command that is run once where a service runs: a Job with the template of the service's pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import kubernetes.client

from model import names
from scripts.clouds.kubernetes.cluster import TIMEOUT, said
from scripts.core.commands import Ran, said_by
from scripts.core.errors import CloudFailed
from scripts.core.waiting import wait_until

if TYPE_CHECKING:
    from model.hooks import RunAs
    from scripts.clouds.kubernetes.cluster import Cluster

KEPT_SECONDS = 7 * 86400
"""How long a Job that ended stays, so that people can look at it."""
BEGINNING_SECONDS = 60.0
"""How much longer than its deadline a Job is waited for: its end has to be seen."""
LATE = "DeadlineExceeded"
LABEL = "dr/job"
SERVES_ONLY = ("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "args")


def run_job(
    cluster: Cluster, service: str, name: str, command: Sequence[str], seconds: float, *, login: RunAs = "service"
) -> Ran:
    """See `ManagedService.run_once`."""
    batch: Any = kubernetes.client.BatchV1Api(cluster.api)
    present = _read(cluster, batch, name)
    if present is not None and _ended(present) and not _succeeded(present):
        _delete(cluster, batch, name)
        present = None
    if present is None:
        template = cluster.pod_template(service)
        if login == "migration" and _migration(template) is None:
            raise CloudFailed(
                f"{service} in {cluster.name} has no migration whose login {name} could have",
                "name `migrate` of the service in the plan, or let the command have the login of the service",
            )
        job = job_of(template, name, command, seconds, login=login)
        with said(f"starting the job {name} in {cluster.name}"):
            batch.create_namespaced_job(cluster.namespace, job, _request_timeout=TIMEOUT)
    ended = wait_until(
        partial(_read_ended, cluster, batch, name), seconds=seconds + BEGINNING_SECONDS, every=0.2,
        what=f"the job {name} in {cluster.name} to end",
    )  # fmt: skip
    return Ran(_exit_code(cluster, ended), _log(cluster, name))


def job_of(
    template: Mapping[str, Any], name: str, command: Sequence[str], seconds: float, *, login: RunAs = "service"
) -> dict[str, Any]:
    """
    The Job. Its pod has the first container of the service's, or the one that migrates, and none of the labels that
    would have requests sent to it. It is tried once: whether a command may be repeated is not ours to say.
    """
    spec = template["spec"]
    chosen = (_migration(template) or {}) if login == "migration" else spec["containers"][0]
    container = {key: value for key, value in chosen.items() if key not in SERVES_ONLY}
    kept = {
        key: spec[key]
        for key in ("serviceAccountName", "imagePullSecrets", "volumes", "securityContext")
        if key in spec
    }
    kept |= {key: spec[key] for key in ("nodeSelector", "tolerations") if key in spec}
    pod = {**kept, "restartPolicy": "Never", "containers": [{**container, "command": list(command)}]}
    return {
        "metadata": {"name": name, "labels": {LABEL: name}},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": max(1, round(seconds)),
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {"metadata": {"labels": {LABEL: name}}, "spec": pod},
        },
    }


def _migration(template: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The container that migrates before the service runs."""
    before = template["spec"].get("initContainers") or []
    return next((each for each in before if each["name"] == names.MIGRATION), None)


def _read(cluster: Cluster, batch: Any, name: str) -> Any:
    """The Job, or None where there is none."""
    try:
        with said(f"reading the job {name} in {cluster.name}"):
            return batch.read_namespaced_job(name, cluster.namespace, _request_timeout=TIMEOUT)
    except CloudFailed as error:
        if getattr(error.__cause__, "status", None) == 404:
            return None
        raise


def _read_ended(cluster: Cluster, batch: Any, name: str) -> Any:
    found = _read(cluster, batch, name)
    if found is None:
        raise CloudFailed(f"the job {name} in {cluster.name} is not there any more")
    return found if _ended(found) else None


def _conditions(job: Any) -> dict[str, str]:
    """Those that hold, with their reason."""
    found = (job.status.conditions if job.status else None) or []
    return {each.type: str(each.reason) for each in found if each.status == "True"}


def _ended(job: Any) -> bool:
    return bool({"Complete", "Failed"} & _conditions(job).keys())


def _succeeded(job: Any) -> bool:
    return "Complete" in _conditions(job)


def _exit_code(cluster: Cluster, job: Any) -> int | None:
    """That of its container; None where its time was over."""
    if _succeeded(job):
        return 0
    if _conditions(job).get("Failed") == LATE:
        return None
    for pod in _pods(cluster, job.metadata.name):
        for each in (pod.status.container_statuses if pod.status else None) or []:
            if each.state and each.state.terminated:
                return int(each.state.terminated.exit_code) or 1
    return 1


def _pods(cluster: Cluster, name: str) -> list[Any]:
    core: Any = kubernetes.client.CoreV1Api(cluster.api)
    with said(f"looking for the pod of the job {name} in {cluster.name}"):
        found = core.list_namespaced_pod(
            cluster.namespace, label_selector=f"job-name={name}", _request_timeout=TIMEOUT
        ).items
    return list(found)


def _log(cluster: Cluster, name: str) -> str:
    """What its pod wrote; empty where that cannot be had any more: the command has ended all the same."""
    core: Any = kubernetes.client.CoreV1Api(cluster.api)
    try:
        for pod in _pods(cluster, name):
            with said(f"reading the log of {pod.metadata.name}"):
                written = core.read_namespaced_pod_log(
                    pod.metadata.name, cluster.namespace, tail_lines=100, _request_timeout=TIMEOUT
                )
            return said_by(str(written))
    except CloudFailed:
        pass
    return ""


def _delete(cluster: Cluster, batch: Any, name: str) -> None:
    """With its pod, and wait until it is gone."""
    with said(f"deleting the job {name} in {cluster.name}"):
        batch.delete_namespaced_job(
            name, cluster.namespace, propagation_policy="Foreground", _request_timeout=TIMEOUT
        )  # fmt: skip
    wait_until(
        lambda: _read(cluster, batch, name) is None, seconds=BEGINNING_SECONDS, what=f"the job {name} to be gone"
    )
