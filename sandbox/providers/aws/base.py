"""What all AWS resources have in common: a region, tags, and names in two spellings."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.providers.aws.cloud import GLOBAL_REGION, Cloud
from sandbox.providers.resource import Refused, Resource
from sandbox.providers.values import Properties


class AwsResource(Resource):
    """`regional` types take their region from the input `region`, as pulumi-aws 7 lets each resource do."""

    regional: ClassVar[bool] = True
    service: ClassVar[str]

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def check(self, inputs: Properties, old: Properties) -> list[tuple[str, str]]:
        if self.regional and not inputs.get("region"):
            return [("region", "must be given in the sandbox: one server answers for all of the package's providers")]
        return []

    def replaces(self, path: str) -> bool:
        return (self.regional and path == "region") or super().replaces(path)

    def region(self, properties: Properties, identity: str = "") -> str:
        if not self.regional:
            return GLOBAL_REGION
        if properties.get("region"):
            return str(properties["region"])
        parts = identity.split(":")
        if parts[0] == "arn" and parts[3]:
            return parts[3]
        raise Refused(f"{self.type_name}: the region of {identity} is not known; give the input region")

    def client(self, properties: Properties, identity: str = "", service: str | None = None) -> Any:
        return self.cloud.client(service or self.service, self.region(properties, identity))


def tag_list(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [{"Key": key, "Value": str(value)} for key, value in (tags or {}).items()]


def tagged(inputs: Properties) -> dict[str, Any]:
    """The argument Tags, or nothing: some services refuse an empty list."""
    return {"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}


def tag_map(tags: list[Mapping[str, str]] | None) -> dict[str, str]:
    return {tag.get("Key", tag.get("TagKey", "")): tag.get("Value", tag.get("TagValue", "")) for tag in tags or []}


def tag_changes(old: Properties, new: Properties) -> tuple[dict[str, str], list[str]]:
    """(tags to set, keys to remove)"""
    before, after = old.get("tags") or {}, new.get("tags") or {}
    return {k: v for k, v in after.items() if before.get(k) != v}, [k for k in before if k not in after]


def to_api(value: Any, spellings: Mapping[str, str] = {}) -> Any:
    """camelCase keys as the API spells them, at all depths; `spellings` holds the exceptions. None is left out."""
    if isinstance(value, dict):
        return {
            spellings.get(key, key[0].upper() + key[1:]): to_api(item, spellings)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, list):
        return [to_api(item, spellings) for item in value]
    return value


def from_api(value: Any, spellings: Mapping[str, str] = {}) -> Any:
    """The inverse of `to_api`."""
    back = {api: camel for camel, api in spellings.items()}
    if isinstance(value, dict):
        return {back.get(key, key[0].lower() + key[1:]): from_api(item, spellings) for key, item in value.items()}
    if isinstance(value, list):
        return [from_api(item, spellings) for item in value]
    return value


def same_document(declared: Any, real: Any) -> Any:
    """`declared` if both are the same JSON document, else `real`: only a change of meaning is drift."""
    try:
        return declared if json.loads(declared) == json.loads(real) else real
    except (TypeError, ValueError):
        return real
