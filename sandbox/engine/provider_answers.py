"""What a provider answers over gRPC, in engine values: differences, objects that are half made, assets."""

from typing import Any

from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.engine.plugin import Diff
from sandbox.engine.values import Asset, Map, Secret

KINDS = ("add", "add-replace", "delete", "delete-replace", "update", "update-replace")


def diff_of(answer: Any) -> Diff:
    """The answer to Diff or DiffConfig."""
    detailed = None
    if answer.hasDetailedDiff:
        detailed = {
            k: (KINDS[v.kind] if v.kind < len(KINDS) else "update", v.inputDiff)
            for k, v in sorted(answer.detailedDiff.items())
        }
    some = {0: None, 1: False, 2: True}[answer.changes]
    return Diff(some, list(answer.replaces), list(answer.diffs), detailed, answer.deleteBeforeReplace)


def details(error: Any) -> list[Any]:
    """The messages that a gRPC error carries beside its text."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status()
            status.ParseFromString(value)
            return list(status.details)
    return []


def half_made(error: Any) -> Any:
    """What an error says of an object that is there and not ready, or None."""
    for detail in details(error):
        if detail.Is(provider_pb2.ErrorResourceInitFailed.DESCRIPTOR):
            found = provider_pb2.ErrorResourceInitFailed()
            detail.Unpack(found)
            return found
    return None


def restore_assets(original: Map | None, found: Map | None) -> None:
    """Give back the contents of assets that were sent as a hash only."""
    known: dict[str, Asset] = {}

    def collect(value: Any) -> None:
        if isinstance(value, Asset):
            known[value.hash] = value
        elif isinstance(value, Secret):
            collect(value.value)
        elif isinstance(value, dict):
            for item in value.values():
                collect(item)
        elif isinstance(value, list):
            for item in value:
                collect(item)

    def restore(value: Any) -> Any:
        if (
            isinstance(value, Asset)
            and value.hash in known
            and not set(value.fields) & {"text", "path", "uri", "assets"}
        ):
            return known[value.hash]
        if isinstance(value, Secret):
            return Secret(restore(value.value))
        if isinstance(value, dict):
            return {k: restore(v) for k, v in value.items()}
        return [restore(v) for v in value] if isinstance(value, list) else value

    if original and found:
        collect(original)
        if known:
            found.update({k: restore(v) for k, v in found.items()})
