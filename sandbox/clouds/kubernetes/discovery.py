"""How a client finds out what there is."""

from typing import Any

from sandbox.clouds.kubernetes.kinds import GROUPS, KINDS, Kind
from sandbox.clouds.kubernetes.routes import parts_of

VERSION = {"major": "1", "minor": "33", "gitVersion": "v1.33.0", "platform": "linux/amd64"} | {
    "gitCommit": "", "gitTreeState": "clean", "buildDate": "2025-04-23T00:00:00Z", "goVersion": "", "compiler": "",
}  # fmt: skip


def document(path: str) -> dict[str, Any] | None:
    """The discovery document at `path`, None if there is none."""
    path = path.rstrip("/")
    if path == "/version":
        return VERSION
    if path == "/api":
        return {"kind": "APIVersions", "apiVersion": "v1", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*group) for group in GROUPS]}
    if path == "/api/v1":
        return _resources("", "v1")
    parts = path.strip("/").split("/")
    if parts[0] == "apis" and len(parts) == 2:
        found = next((group for group in GROUPS if group[0] == parts[1]), None)
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(*found)} if found else None
    if parts[0] == "apis" and len(parts) == 3 and (parts[1], parts[2]) in GROUPS:
        return _resources(parts[1], parts[2])
    return None


def _group(group: str, version: str) -> dict[str, Any]:
    entry = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [entry], "preferredVersion": entry}


def _resources(group: str, version: str) -> dict[str, Any]:
    resources = []
    for kind in KINDS:
        if (kind.group, kind.version) != (group, version):
            continue
        resources.append(_resource(kind))
        resources += [_part(kind, part) for part in parts_of(kind)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": resources,
    }


def _resource(kind: Kind) -> dict[str, Any]:
    return {
        "name": kind.plural,
        "singularName": kind.kind.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
        "shortNames": list(kind.short),
    }


def _part(kind: Kind, part: str) -> dict[str, Any]:
    return {
        "name": f"{kind.plural}/{part}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": "Scale" if part == "scale" else kind.kind,
        **({"group": "autoscaling", "version": "v1"} if part == "scale" else {}),
        "verbs": ["get", "patch", "update"],
    }
