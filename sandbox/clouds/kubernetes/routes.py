"""Which object, or kind, a path speaks of."""

from dataclasses import dataclass

from sandbox.clouds.kubernetes.errors import no_such_path
from sandbox.clouds.kubernetes.kinds import BY_PATH, Kind


@dataclass(frozen=True)
class Route:
    """`namespace` "" for cluster kinds, None for a list over all namespaces; `name` and `part` "" when not given."""

    kind: Kind
    namespace: str | None
    name: str
    part: str


def route(path: str) -> Route:
    """Raises ApiError 404."""
    parts = path.strip("/").split("/")
    if parts[:2] == ["api", "v1"]:
        group, version, rest = "", "v1", parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise no_such_path(path)
    namespace: str | None = None
    if len(rest) > 2 and rest[0] == "namespaces" and (group, version, rest[2]) in BY_PATH:
        namespace, rest = rest[1], rest[2:]
    kind = BY_PATH.get((group, version, rest[0])) if rest else None
    if kind is None or len(rest) > 3 or (kind.namespaced and namespace is None and len(rest) > 1):
        raise no_such_path(path)
    if not kind.namespaced:
        namespace = ""
    name, part = [*rest[1:], "", ""][:2]
    if part and part not in parts_of(kind):
        raise no_such_path(path)
    return Route(kind, namespace, name, part)


def parts_of(kind: Kind) -> tuple[str, ...]:
    known = (("status", kind.status), ("scale", kind.scale), ("log", kind.log))
    return tuple(part for part, there in known if there)
