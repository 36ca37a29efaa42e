"""From the Analyzer protocol's messages to what rules read, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.runtime.proto import analyzer_pb2

from .model import Finding
from .resource import Resource, plain_type

LEVELS = {
    "advisory": analyzer_pb2.ADVISORY,
    "mandatory": analyzer_pb2.MANDATORY,
    "disabled": analyzer_pb2.DISABLED,
    "remediate": analyzer_pb2.REMEDIATE,
}
SEVERITIES = {
    "low": analyzer_pb2.POLICY_SEVERITY_LOW,
    "medium": analyzer_pb2.POLICY_SEVERITY_MEDIUM,
    "high": analyzer_pb2.POLICY_SEVERITY_HIGH,
    "critical": analyzer_pb2.POLICY_SEVERITY_CRITICAL,
}


def plain(struct: Any) -> dict[str, Any]:
    """A protobuf Struct as plain Python. Several times faster than going through JSON."""
    return {key: _plain_value(value) for key, value in struct.fields.items()}


def _plain_value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return plain(value.struct_value)
    if kind == "list_value":
        return [_plain_value(item) for item in value.list_value.values]
    return getattr(value, kind) if kind and kind != "null_value" else None


def resource_from(message: Any, secrets: set[str] | None = None) -> Resource:
    """A resource from an AnalyzeRequest or an AnalyzerResource; its properties are read when a rule asks.

    secrets: where to collect the texts of secret values.
    """

    def read() -> Mapping[str, Any]:
        return plain(message.properties)

    def read_provider() -> Mapping[str, Any]:
        return plain(message.provider.properties) if message.HasField("provider") else {}

    over_stack = isinstance(message, analyzer_pb2.AnalyzerResource)
    return Resource(
        type=plain_type(message.type),
        urn=message.urn,
        name=message.name or message.urn.rsplit("::", 1)[-1],
        read=read,
        read_provider=read_provider,
        protect=message.options.protect,
        ignore_changes=message.options.ignoreChanges,
        parent=message.parent if over_stack else message.options.parent,
        dependencies=message.dependencies if over_stack else (),
        property_dependencies=(
            {key: list(value.urns) for key, value in message.propertyDependencies.items()} if over_stack else None
        ),
        secrets=secrets if secrets is not None else set(),
        token=message.type,
    )


def diagnostic(finding: Finding, level: Any, pack: str, version: str) -> Any:
    """A finding as the engine shows it: the rule's title, then on a line of its own what is wrong.

    Only a broken rule has its own level: what is waived or not known yet is shown and stops nothing.
    """
    rule = finding.rule
    stops = finding.kind in ("broken", "failed")
    text = finding.text if finding.kind == "broken" else f"{finding.kind}: {finding.text}"
    return analyzer_pb2.AnalyzeDiagnostic(
        policyName=rule.id,
        policyPackName=pack,
        policyPackVersion=version,
        description=rule.title,
        message=f"{rule.title}\n{text}",
        urn=finding.urn,
        enforcementLevel=level if stops else analyzer_pb2.ADVISORY,
        severity=SEVERITIES[rule.severity],
    )
