"""Resource IDs: /subscriptions/S/resourceGroups/G/providers/NAMESPACE/TYPE/NAME[/TYPE/NAME ...], case aside."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ResourceId:
    """
    `segments` are (type, name) pairs; the last name is empty where a collection is meant. `scope` is what an extension
    (a lock, a role assignment) stands on: another ID, as text.
    """

    subscription: str
    group: str
    namespace: str
    segments: tuple[tuple[str, str], ...]
    scope: str = ""

    @property
    def text(self) -> str:
        path = "".join(f"/{kind}/{name}" if name else f"/{kind}" for kind, name in self.segments)
        if not self.namespace:
            return f"{self.scope}{path}" if self.scope else path
        return f"{self.scope}/providers/{self.namespace}{path}"

    @property
    def key(self) -> str:
        return self.text.lower()

    @property
    def type(self) -> str:
        """`Microsoft.X/a/b`."""
        return "/".join((self.namespace, *(kind for kind, _ in self.segments)))

    @property
    def name(self) -> str:
        return self.segments[-1][1]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for _, name in self.segments)

    @property
    def is_collection(self) -> bool:
        return not self.name

    @property
    def parent(self) -> str | None:
        """The ID of the resource that this one is a child of."""
        if len(self.segments) < 2 or not self.namespace:
            return None
        return ResourceId(self.subscription, self.group, self.namespace, self.segments[:-1], self.scope).text


def group_text(subscription: str, group: str) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def parse(path: str) -> ResourceId:
    """
    A resource, a collection, or (with no namespace) a subscription or a group. Raises ValueError for anything else.
    """
    parts = path.strip("/").split("/") if path.strip("/") else []
    if len(parts) < 2 or parts[0].lower() != "subscriptions" or not all(parts):
        raise ValueError(f"{path} is not the ID of a resource")
    providers = [index for index, part in enumerate(parts) if part.lower() == "providers"]
    scope = parts[: providers[-1]] if providers else parts
    subscription = parts[1]
    group = parts[3] if len(parts) > 3 and parts[2].lower() == "resourcegroups" else ""
    if not providers:
        if len(parts) not in {2, 3, 4} or (len(parts) > 2 and parts[2].lower() != "resourcegroups"):
            raise ValueError(f"{path} is not the ID of a resource")
        segments = [("subscriptions", subscription)]
        if len(parts) > 2:
            segments.append(("resourceGroups", group))
        return ResourceId(subscription, group, "", tuple(segments))
    rest = parts[providers[-1] + 1 :]
    if not rest[1:]:
        raise ValueError(f"{path} names no type")
    pairs = [*rest[1:], ""] if len(rest) % 2 == 0 else rest[1:]
    segments = list(zip(pairs[::2], pairs[1::2], strict=True))
    return ResourceId(subscription, group, rest[0], tuple(segments), "/" + "/".join(scope))
