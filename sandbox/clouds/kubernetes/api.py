"""The API server of one cluster, as a WSGI application."""

import copy
import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

import yaml

from sandbox.clouds.kubernetes import patches
from sandbox.clouds.kubernetes.defaults import check_unchanged, complete
from sandbox.clouds.kubernetes.discovery import document
from sandbox.clouds.kubernetes.errors import (
    ApiError,
    bad_request,
    forbidden,
    method_not_allowed,
    unauthorized,
)
from sandbox.clouds.kubernetes.jobs import Jobs
from sandbox.clouds.kubernetes.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    JOB,
    KINDS,
    NAMESPACE,
    POD,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    Kind,
)
from sandbox.clouds.kubernetes.revisions import Revisions
from sandbox.clouds.kubernetes.routes import Route, route
from sandbox.clouds.kubernetes.selectors import Test, selector
from sandbox.clouds.kubernetes.store import Event, Object, Store
from sandbox.clouds.kubernetes.workloads import Workloads

LONGEST_WATCH_SECONDS = 300.0
WATCH_LOOKS_EVERY_SECONDS = 0.2
FIRST_NAMESPACES = ("default", "kube-system", "kube-public")


class ApiServer:
    """`accepts(token)` says who may speak; `stopping()` ends open watches."""

    def __init__(
        self, store: Store, workloads: Workloads, jobs: Jobs, accepts: Callable[[str], bool],
        stopping: Callable[[], bool],
    ) -> None:  # fmt: skip
        self.store = store
        self._workloads, self._jobs = workloads, jobs
        self._revisions = Revisions(store)
        self._accepts = accepts
        self._stopping = stopping
        for name in FIRST_NAMESPACES:
            self._create_namespace({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    # HTTP ---------------------------------------------------------------------------------------------------------
    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        query = {key: values[-1] for key, values in parse_qs(environ.get("QUERY_STRING", ""), True).items()}
        try:
            if path in {"/healthz", "/readyz", "/livez"}:
                start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
                return [b"ok"]
            if not self._accepts(environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")):
                raise unauthorized()
            found = document(path) if method == "GET" else None
            if found is not None:
                return _answer(start_response, 200, found)
            where = route(path)
            if method == "GET" and not where.name and query.get("watch") in {"1", "true"}:
                return self._watch(where, query, start_response)
            if method == "GET" and where.part == "log":
                return self._log(where, query, start_response)
            code, body = self._serve(method, where, query, environ)
            return _answer(start_response, code, body)
        except ApiError as error:
            return _answer(start_response, error.code, error.body())

    def _serve(self, method: str, where: Route, query: dict[str, str], environ: dict[str, Any]) -> tuple[int, Object]:
        kind = where.kind
        self._look(kind)
        if method == "GET":
            return 200, self._get(where) if where.name else self._list(where, query)
        body = _read(environ)
        content = environ.get("CONTENT_TYPE", "").split(";")[0].strip()
        dry = query.get("dryRun") == "All"
        if kind.follows:
            raise method_not_allowed(f"the sandbox's {kind.plural} follow their Deployments: change those")
        if method == "POST" and not where.name:
            return 201, self._create(where, body, dry=dry)
        if method == "PUT" and where.name:
            return 200, self._replace(where, body, dry=dry)
        if method == "PATCH" and where.name:
            return self._patch(where, body, content, query, dry=dry)
        if method == "DELETE" and where.name and not where.part:
            return 200, self._delete(where, body if isinstance(body, dict) else {}, dry=dry)
        if method == "DELETE" and not where.name and not where.part:
            return 200, self._delete_all(where, query)
        raise method_not_allowed(f"{method} is not allowed here")

    def _look(self, kind: Kind) -> None:
        """See what became of what runs, before somebody is told of it."""
        if kind in {POD, DEPLOYMENT}:
            self._workloads.refresh()
        if kind in {POD, JOB}:
            self._jobs.refresh()

    # reading ------------------------------------------------------------------------------------------------------
    def _get(self, where: Route) -> Object:
        found = self.store.get(where.kind, where.namespace or "", where.name)
        return _scale(found) if where.part == "scale" else found

    def _list(self, where: Route, query: dict[str, str]) -> Object:
        test = selector(query.get("labelSelector", ""), query.get("fieldSelector", ""))
        items, version = self.store.list(where.kind, where.namespace or None)
        return {
            "kind": f"{where.kind.kind}List",
            "apiVersion": where.kind.api_version,
            "metadata": {"resourceVersion": str(version)},
            "items": [item for item in items if test(item)],
        }

    def _log(self, where: Route, query: dict[str, str], start_response: Any) -> list[bytes]:
        """The log as text. A pod that was started again goes on with the log that it had."""
        namespace, asked = where.namespace or "", query.get("tailLines")
        if asked is not None and not asked.isdecimal():
            raise bad_request(f"tailLines: {asked!r} is not a number of lines")
        owner = self.store.get(POD, namespace, where.name)["metadata"]["ownerReferences"][0]["kind"]
        log = (self._jobs if owner == "Job" else self._workloads).log(namespace, where.name)
        lines = log.splitlines(keepends=True)
        text = "".join(lines if asked is None else lines[max(0, len(lines) - int(asked)) :]).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
        return [text]

    def _watch(self, where: Route, query: dict[str, str], start_response: Any) -> Iterator[bytes]:
        if "sendInitialEvents" in query:
            raise forbidden(where.kind, "", "sendInitialEvents: watch lists are not offered; list first, then watch")
        test = selector(query.get("labelSelector", ""), query.get("fieldSelector", ""))
        seconds = min(float(query.get("timeoutSeconds") or LONGEST_WATCH_SECONDS), LONGEST_WATCH_SECONDS)
        given = query.get("resourceVersion") or "0"
        first: list[Object] = []
        if given == "0":
            first, start = self.store.list(where.kind, where.namespace or None)
        else:
            start = int(given)
            self.store.events_after(start)
        start_response("200 OK", [("Content-Type", "application/json"), ("Cache-Control", "no-cache, private")])
        return self._stream(where, test, [item for item in first if test(item)], start, time.monotonic() + seconds)

    def _stream(self, where: Route, test: Test, first: list[Object], version: int, until: float) -> Iterator[bytes]:
        yield from (_line("ADDED", item) for item in first)
        while time.monotonic() < until and not self._stopping():
            self._look(where.kind)
            with self.store.changed:
                if self.store.version <= version:
                    self.store.changed.wait(WATCH_LOOKS_EVERY_SECONDS)
                try:
                    events = list(self.store.events_after(version))
                except ApiError as error:
                    yield _line("ERROR", error.body())
                    return
            for event in events:
                version = event.version
                if self._concerns(where, event) and test(event.object):
                    yield _line(event.type, event.object)

    @staticmethod
    def _concerns(where: Route, event: Event) -> bool:
        namespace = event.object["metadata"].get("namespace", "")
        return event.kind == where.kind and (not where.namespace or where.namespace == namespace)

    # writing ------------------------------------------------------------------------------------------------------
    def _create(self, where: Route, body: Any, *, dry: bool) -> Object:
        item = _object(where.kind, body)
        metadata = item["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = f"{metadata['generateName']}{time.monotonic_ns() % 16**5:05x}"
        if where.kind is NAMESPACE:
            complete(NAMESPACE, item)
            return item if dry else self._create_namespace(item)
        if where.kind.namespaced:
            if metadata.setdefault("namespace", where.namespace) != where.namespace:
                raise bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request"
                )
            self.store.get(NAMESPACE, "", metadata["namespace"])
        complete(where.kind, item)
        if where.kind in {DEPLOYMENT, JOB}:
            item["status"] = {}
        metadata.pop("resourceVersion", None)
        if dry:
            return item
        made = self.store.create(where.kind, where.namespace or "", metadata["name"], item)
        return self._after_write(where.kind, made)

    def _create_namespace(self, item: Object) -> Object:
        complete(NAMESPACE, item)
        made = self.store.create(NAMESPACE, "", item["metadata"]["name"], item)
        account = {"apiVersion": "v1", "kind": "ServiceAccount"}
        metadata = {"name": "default", "namespace": made["metadata"]["name"]}
        self.store.create(SERVICE_ACCOUNT, metadata["namespace"], "default", {**account, "metadata": metadata})
        return made

    def _replace(self, where: Route, body: Any, *, dry: bool) -> Object:
        def change(present: Object) -> Object:
            if where.part == "scale":
                return _with_scale(present, body)
            item = _object(where.kind, body)
            item["metadata"].setdefault("name", where.name)
            if where.kind.namespaced:
                item["metadata"].setdefault("namespace", where.namespace)
            return item

        return self._write(where, change, dry=dry)

    def _patch(self, where: Route, body: Any, content: str, query: dict[str, str], *, dry: bool) -> tuple[int, Object]:
        if content == patches.APPLY:
            return self._apply(where, body, query, dry=dry)
        if content == patches.STRATEGIC and where.kind.group == "velero.io":
            raise ApiError(415, "UnsupportedMediaType", f"{content} is not supported for custom resources")
        ways = {patches.MERGE: patches.merge, patches.STRATEGIC: patches.strategic, patches.JSON: patches.json_patch}
        way = ways.get(content)
        if way is None:
            raise ApiError(415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {content}")

        def change(present: Object) -> Object:
            if where.part == "scale":
                return _with_scale(present, way(_scale(present), body))
            patched: Object = way(present, body)
            return patched

        return 200, self._write(where, change, dry=dry)

    def _apply(self, where: Route, body: Any, query: dict[str, str], *, dry: bool) -> tuple[int, Object]:
        manager = query.get("fieldManager")
        if not manager:
            raise bad_request("PatchOptions.meta.k8s.io is invalid: fieldManager: Required value for apply patch")
        configuration = _object(where.kind, body)
        configuration["metadata"].setdefault("name", where.name)
        try:
            self.store.get(where.kind, where.namespace or "", where.name)
        except ApiError:
            if where.part:
                raise
            item = copy.deepcopy(configuration)
            _remember(item, manager, configuration)
            return 201, self._create(where, item, dry=dry)

        def change(present: Object) -> Object:
            previous = _remembered(present, manager)
            applied: Object = patches.apply(present, configuration, previous)
            _remember(applied, manager, configuration)
            return applied

        return 200, self._write(where, change, dry=dry)

    def _write(self, where: Route, change: Callable[[Object], Object], *, dry: bool) -> Object:
        kind, namespace = where.kind, where.namespace or ""

        def checked(present: Object) -> Object:
            after = change(present := copy.deepcopy(present))
            before = self.store.get(kind, namespace, where.name)
            if after.get("metadata", {}).get("name") != where.name:
                raise bad_request("the name of the object does not match the name on the URL")
            if where.part == "status":
                metadata = {"resourceVersion": after["metadata"].get("resourceVersion")}
                return {**before, "metadata": {**before["metadata"], **metadata}, "status": after.get("status", {})}
            if kind.status and "status" in before:
                after["status"] = before["status"]
            check_unchanged(kind, before, after)
            complete(kind, after)
            return after

        if dry:
            return checked(self.store.get(kind, namespace, where.name))
        made = self.store.update(kind, namespace, where.name, checked)
        if where.part != "status":
            made = self._after_write(kind, made)
        return _scale(made) if where.part == "scale" else made

    def _after_write(self, kind: Kind, made: Object) -> Object:
        if kind is DEPLOYMENT:
            self._revisions.note(made)
            self._workloads.apply(made)
            self._workloads.expose()
            return self.store.get(kind, made["metadata"]["namespace"], made["metadata"]["name"])
        if kind is JOB:
            self._jobs.start(made)
        if kind is SERVICE:
            self._workloads.expose()
        if kind in {CONFIG_MAP, SECRET, SERVICE_ACCOUNT}:
            self._workloads.retry(made["metadata"]["namespace"])
        return made

    def _delete(self, where: Route, options: Object, *, dry: bool) -> Object:
        kind, namespace = where.kind, where.namespace or ""
        if dry:
            return self.store.get(kind, namespace, where.name)
        if kind is NAMESPACE:
            return self._delete_namespace(where.name)
        found = self.store.delete(kind, namespace, where.name, options.get("preconditions"))
        if kind is DEPLOYMENT:
            self._revisions.forget(found)
            self._workloads.remove(namespace, where.name)
        if kind is JOB:
            self._jobs.remove(namespace, where.name)
        if kind in {SERVICE, DEPLOYMENT}:
            self._workloads.expose()
        if kind is SERVICE:
            return found  # the API gives these back as they were: its specification
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {"name": where.name, "group": kind.group, "kind": kind.plural, "uid": found["metadata"]["uid"]},
        }

    def _delete_namespace(self, name: str) -> Object:
        if name in FIRST_NAMESPACES:
            raise forbidden(NAMESPACE, name, "this namespace may not be deleted")
        self.store.get(NAMESPACE, "", name)
        for kind in KINDS:
            if kind.namespaced and not kind.follows:
                for item in self.store.list(kind, name)[0]:
                    self._delete(Route(kind, name, item["metadata"]["name"], ""), {}, dry=False)
        gone = self.store.delete(NAMESPACE, "", name)
        return {**gone, "status": {"phase": "Terminating"}}

    def _delete_all(self, where: Route, query: dict[str, str]) -> Object:
        if where.kind is NAMESPACE or (where.kind.namespaced and not where.namespace):
            raise method_not_allowed("deletecollection needs a namespace")
        doomed = self._list(where, query)
        for item in doomed["items"]:
            self._delete(Route(where.kind, where.namespace, item["metadata"]["name"], ""), {}, dry=False)
        return doomed


def _answer(start_response: Any, code: int, body: Object) -> list[bytes]:
    text = json.dumps(body).encode()
    start_response(f"{code} {body.get('reason', 'OK')}", [
        ("Content-Type", "application/json"), ("Content-Length", str(len(text))),
    ])  # fmt: skip
    return [text]


def _line(type_: str, item: Object) -> bytes:
    return json.dumps({"type": type_, "object": item}).encode() + b"\n"


def _read(environ: dict[str, Any]) -> Any:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    raw = environ["wsgi.input"].read(length) if length else b""
    if not raw:
        return None
    try:
        return yaml.safe_load(raw) if "yaml" in environ.get("CONTENT_TYPE", "") else json.loads(raw)
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"the object provided is unrecognized: {error}") from error


def _object(kind: Kind, body: Any) -> Object:
    if not isinstance(body, dict):
        raise bad_request("an object is expected in the body")
    item = copy.deepcopy(body)
    if (
        item.setdefault("apiVersion", kind.api_version) != kind.api_version
        or item.setdefault("kind", kind.kind) != kind.kind
    ):
        raise bad_request(
            f"the API version in the data ({item['apiVersion']}, {item['kind']}) does not match the expected "
            f"API version ({kind.api_version}, {kind.kind})"
        )
    if not isinstance(item.setdefault("metadata", {}), dict):
        raise bad_request("metadata must be an object")
    return item


def _scale(deployment: Object) -> Object:
    metadata = deployment["metadata"]
    labels = (deployment["spec"].get("selector") or {}).get("matchLabels") or {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            key: metadata[key]
            for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
            if key in metadata
        },
        "spec": {"replicas": deployment["spec"]["replicas"]},
        "status": {
            "replicas": (deployment.get("status") or {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in labels.items()),
        },
    }


def _with_scale(deployment: Object, scale: Any) -> Object:
    spec = scale.get("spec") if isinstance(scale, dict) else None
    if not isinstance(spec, dict) or not isinstance(spec.get("replicas", 0), int):
        raise bad_request("a Scale with spec.replicas is expected")
    version = (scale.get("metadata") or {}).get("resourceVersion")
    metadata = {**deployment["metadata"], **({"resourceVersion": version} if version else {})}
    return {**deployment, "metadata": metadata, "spec": {**deployment["spec"], "replicas": spec.get("replicas", 0)}}


_APPLIED = "sandbox/applied"


def _remember(item: Object, manager: str, configuration: Object) -> None:
    """Keep what a manager applied, to know what it gives up; in place of the field sets of a real server."""
    metadata = item["metadata"]
    kept = {entry["manager"]: entry for entry in metadata.get("managedFields") or []}
    applied = {key: value for key, value in configuration.items() if key not in ("apiVersion", "kind")}
    kept[manager] = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": item["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": {_APPLIED: json.dumps(_without_secrets(item["kind"], applied), sort_keys=True)},
    }
    metadata["managedFields"] = list(kept.values())


def _without_secrets(kind: str, applied: Object) -> Object:
    """Keys are enough to know what was given up; values of Secrets are not written down twice."""
    if kind != "Secret":
        return applied
    blank = {part: dict.fromkeys(applied[part], "") for part in ("data", "stringData") if applied.get(part)}
    return {**applied, **blank}


def _remembered(item: Object, manager: str) -> Object | None:
    for entry in item["metadata"].get("managedFields") or []:
        if entry["manager"] == manager and _APPLIED in entry.get("fieldsV1", {}):
            found: Object = json.loads(entry["fieldsV1"][_APPLIED])
            return found
    return None
