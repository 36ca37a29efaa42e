"""A policy pack as a process, and the engine's side of the Analyzer protocol that it speaks.

Serves `dr policy` and the pack's tests alike. Works with any Python pack, not only ours.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf import empty_pb2, struct_pb2
from jsonschema import Draft202012Validator, ValidationError
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from scripts.core.errors import BadInput, EngineFailed
from scripts.packs.messages import taken_apart

LARGEST_MESSAGE = 400 * 1024 * 1024
LEVELS = {"advisory": 0, "mandatory": 1, "disabled": 2, "remediate": 3}
LEVEL_NAMES = {number: name for name, number in LEVELS.items()}
SEVERITY_NAMES = {0: "", 1: "low", 2: "medium", 3: "high", 4: "critical"}


@dataclass(frozen=True)
class PackResource:
    """
    A resource as the engine hands it to a pack. `inputs` go to resource rules, `outputs` to stack rules. `custom`: a
    provider made it; a component is not.
    """

    type: str
    urn: str
    name: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    provider_urn: str = ""
    provider_inputs: Mapping[str, Any] = field(default_factory=dict)
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    parent: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    custom: bool = True


@dataclass(frozen=True)
class PolicyFinding:
    """What a rule reported. kind: broken, unknown, waived or failed; level: what the engine does about it."""

    rule: str
    severity: str
    level: str
    kind: str
    urn: str
    title: str
    text: str

    @property
    def stops(self) -> bool:
        return self.level == "mandatory"

    def as_dict(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("rule", "severity", "level", "kind", "urn", "title", "text")}


class PackProcess:
    """A pack started the way Pulumi starts it. Use as a context manager: it ends the process it started."""

    def __init__(self, pack: Path, *, python: str = sys.executable, start_timeout: float = 60.0) -> None:
        self.pack = pack
        self.python = python
        self.start_timeout = start_timeout
        self.environment: dict[str, str] = {}
        self.not_applicable: dict[str, str] = {}

    def __enter__(self) -> Self:
        if not (self.pack / "PulumiPolicy.yaml").is_file():
            raise BadInput(f"{self.pack} is not a policy pack", "name a folder that holds PulumiPolicy.yaml")
        self.process = subprocess.Popen(
            # The engine's address is part of the command line; packs in Python do not use it.
            [self.python, "-u", "-m", "pulumi.policy", "127.0.0.1:0", str(self.pack.resolve())],
            cwd=self.pack,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.port = self._read_port()
        self.channel = grpc.insecure_channel(
            f"127.0.0.1:{self.port}",
            options=[
                ("grpc.max_receive_message_length", LARGEST_MESSAGE),
                ("grpc.max_send_message_length", -1),
                ("grpc.enable_http_proxy", 0),
            ],
        )
        self.stub = analyzer_pb2_grpc.AnalyzerStub(self.channel)
        self.info = self._call(self.stub.GetAnalyzerInfo, empty_pb2.Empty())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.channel.close()
        self._end()

    def types(self) -> frozenset[str]:
        """The types that the rules of the pack say they look at (tags `type:...`); empty when none says so."""
        tags = (tag for policy in self.info.policies for tag in policy.tags)
        return frozenset(tag.removeprefix("type:") for tag in tags if tag.startswith("type:"))

    def configure(self, config: Mapping[str, Any]) -> None:
        """Applies a configuration as in `--policy-pack-config`, over the defaults of the rules.

        Raises BadInput naming every rule, property and level that the pack does not know.
        """
        self._call(self.stub.Configure, configuration_message(self.info, config))
        self.not_applicable = {}

    def analyze(self, resources: Iterable[PackResource]) -> list[PolicyFinding]:
        """Everything all rules say: each resource by itself, then the whole."""
        known = list(resources)
        found: list[PolicyFinding] = []
        for resource in known:
            found += self.analyze_resource(resource)
        return found + self.analyze_stack(known)

    def analyze_resource(self, resource: PackResource) -> list[PolicyFinding]:
        request = analyzer_pb2.AnalyzeRequest(
            type=resource.type,
            urn=resource.urn,
            name=resource.name,
            properties=as_struct(resource.inputs),
            options=_options(resource),
            provider=_provider(resource),
        )
        return self._findings(self._call(self.stub.Analyze, request), resource.urn)

    def analyze_stack(self, resources: Iterable[PackResource]) -> list[PolicyFinding]:
        request = analyzer_pb2.AnalyzeStackRequest()
        for resource in resources:
            request.resources.append(
                analyzer_pb2.AnalyzerResource(
                    type=resource.type,
                    urn=resource.urn,
                    name=resource.name,
                    properties=as_struct(resource.outputs or resource.inputs),
                    options=_options(resource),
                    provider=_provider(resource),
                    parent=resource.parent,
                    dependencies=resource.dependencies,
                    propertyDependencies={
                        key: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns)
                        for key, urns in resource.property_dependencies.items()
                    },
                )
            )
        return self._findings(self._call(self.stub.AnalyzeStack, request), "")

    def remediate(self, resource: PackResource) -> dict[str, Any]:
        """The changed inputs by rule id, for the rules whose level is `remediate`."""
        request = analyzer_pb2.AnalyzeRequest(
            type=resource.type, urn=resource.urn, name=resource.name, properties=as_struct(resource.inputs)
        )
        response = self._call(self.stub.Remediate, request)
        return {remediation.policyName: as_dict(remediation.properties) for remediation in response.remediations}

    def _findings(self, response: Any, urn: str) -> list[PolicyFinding]:
        self.not_applicable |= {entry.policy_name: entry.reason for entry in response.not_applicable}
        return [finding_from(diagnostic, urn) for diagnostic in response.diagnostics]

    def _call(self, method: Any, request: Any) -> Any:
        try:
            return method(request)
        except grpc.RpcError as error:
            if self.process.poll() is not None:
                raise EngineFailed(f"the policy pack ended: {self._last_words()}", self._hint()) from None
            reason = str(error.details()).strip().splitlines()
            raise EngineFailed(
                f"the policy pack failed: {reason[-1] if reason else error.code()}", self._hint()
            ) from None

    def _hint(self) -> str:
        return f"start it by hand to see why: python -u -m pulumi.policy 127.0.0.1:0 {self.pack}"

    def _read_port(self) -> int:
        # A pack that hangs while it loads must not hang us: ending it ends the read.
        timer = threading.Timer(self.start_timeout, self.process.kill)
        timer.start()
        try:
            assert self.process.stdout is not None  # noqa: S101 - given as a pipe above
            line = self.process.stdout.readline().strip()
        finally:
            timer.cancel()
        if not line.isdigit():
            words = self._last_words()
            self._end()
            raise EngineFailed(f"the policy pack {self.pack} did not start: {words}", self._hint())
        self._drain = threading.Thread(target=self._read_errors, daemon=True)
        self._errors: list[str] = []
        self._drain.start()
        return int(line)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None  # noqa: S101 - given as a pipe above
        for line in self.process.stderr:
            self._errors = [*self._errors[-20:], line.decode(errors="replace").rstrip()]

    def _last_words(self) -> str:
        if not hasattr(self, "_errors"):
            self.process.kill()
            text = self.process.stderr.read().decode(errors="replace") if self.process.stderr else ""
            self._errors = text.strip().splitlines()
        return self._errors[-1] if self._errors else f"exit code {self.process.poll()}"

    def _end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


def finding_from(diagnostic: Any, urn: str) -> PolicyFinding:
    """A finding from an AnalyzeDiagnostic; `urn` where it names none."""
    kind, title, text = taken_apart(diagnostic.message)
    return PolicyFinding(
        rule=diagnostic.policyName,
        severity=SEVERITY_NAMES.get(diagnostic.severity, ""),
        level=LEVEL_NAMES.get(diagnostic.enforcementLevel, "advisory"),
        kind=kind,
        urn=diagnostic.urn or urn,
        title=title,
        text=text,
    )


def configuration_message(info: Any, config: Mapping[str, Any]) -> Any:
    """What the engine sends a pack for `--policy-pack-config`: for each rule its level and all of its properties."""
    policies = {policy.name: policy for policy in info.policies}
    problems = [f"{name}: the pack has no such rule" for name in config if name != "all" and name not in policies]
    general = _level_of("all", config.get("all"), problems)
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for name, policy in policies.items():
        given = config.get(name)
        settings = dict(given) if isinstance(given, Mapping) else {"enforcementLevel": given} if given else {}
        level = _level_of(name, settings.pop("enforcementLevel", None), problems)
        schema = as_dict(policy.configSchema.properties)
        problems += [f"{name}: no property {key}" for key in settings if key not in schema]
        problems += [
            f"{name}.{key}: {problem}"
            for key, value in settings.items()
            if key in schema
            for problem in why_not_valid(value, schema[key])
        ]
        defaults = {key: item["default"] for key, item in schema.items() if item.get("default") is not None}
        entry = request.policyConfig[name]
        entry.enforcementLevel = next(
            (number for number in (level, general) if number is not None), policy.enforcementLevel
        )
        entry.properties.CopyFrom(as_struct({**defaults, **settings}))
    if problems:
        raise BadInput(f"policy configuration: {'; '.join(problems)}", "`dr policy list` shows the rules of the pack")
    return request


def why_not_valid(value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a property of a configuration by its schema: its kind, its range, numbers without end."""
    if odd := next(_numbers_without_end(value), None):
        yield f"{odd} is not a number that can be compared"
        return
    for error in Draft202012Validator({key: rule for key, rule in schema.items() if key != "default"}).iter_errors(
        value
    ):
        where = f"{error.json_path.removeprefix('$').removeprefix('.')} " if error.path else ""
        yield f"{where}{_quoted(error.instance)} {_expected(error)}"


def _numbers_without_end(value: Any) -> Iterator[str]:
    if isinstance(value, float) and not math.isfinite(value):
        yield str(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _numbers_without_end(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers_without_end(inner)


def _quoted(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _expected(error: ValidationError) -> str:
    wanted: Any = error.validator_value
    if error.validator == "type":
        return f"is not {'an' if wanted[0] in 'aeiou' else 'a'} {wanted}"
    if error.validator == "minimum":
        return f"is below {wanted}"
    if error.validator == "enum":
        return f"is none of {', '.join(json.dumps(each) for each in wanted)}"
    return f"breaks {error.validator} of its schema"


def _level_of(name: str, given: Any, problems: list[str]) -> int | None:
    if given is None:
        return None
    level = given.get("enforcementLevel") if isinstance(given, Mapping) else given
    if not isinstance(level, str) or level not in LEVELS:
        problems.append(f"{name}: enforcement level {level!r} is none of {', '.join(LEVELS)}")
        return None
    return LEVELS[level]


def as_struct(properties: Mapping[str, Any]) -> Any:
    """Plain Python as a protobuf Struct; numbers become floating point, as with the engine."""
    struct = struct_pb2.Struct()
    _fill(struct, properties)
    return struct


def _fill(struct: Any, properties: Mapping[str, Any]) -> None:
    for key, value in properties.items():
        _put(struct.fields[str(key)], value)


def _put(place: Any, value: Any) -> None:
    if value is None:
        place.null_value = 0
    elif isinstance(value, bool):
        place.bool_value = value
    elif isinstance(value, (int, float)):
        place.number_value = value
    elif isinstance(value, str):
        # A lone surrogate cannot be sent; state files may hold one.
        place.string_value = value.encode("utf-8", "replace").decode("utf-8")
    elif isinstance(value, Mapping):
        place.struct_value.SetInParent()
        _fill(place.struct_value, value)
    else:
        place.list_value.SetInParent()
        for item in value:
            _put(place.list_value.values.add(), item)


def as_dict(struct: Any) -> dict[str, Any]:
    return {key: _take(value) for key, value in struct.fields.items()}


def _take(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return as_dict(value.struct_value)
    if kind == "list_value":
        return [_take(item) for item in value.list_value.values]
    return getattr(value, kind) if kind and kind != "null_value" else None


def _options(resource: PackResource) -> Any:
    return analyzer_pb2.AnalyzerResourceOptions(
        protect=resource.protect, ignoreChanges=resource.ignore_changes, parent=resource.parent
    )


def _provider(resource: PackResource) -> Any | None:
    if not resource.provider_urn:
        return None
    parts = resource.provider_urn.split("::")
    return analyzer_pb2.AnalyzerProviderResource(
        type=parts[2].rsplit("$", 1)[-1] if len(parts) > 3 else "",
        urn=resource.provider_urn,
        name=parts[-1],
        properties=as_struct(resource.provider_inputs),
    )
