"""Policy packs, run as the CLI runs them: each in a process of its own that speaks the Analyzer protocol."""

import json
import queue
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import yaml
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from sandbox.engine import policy_config, urns
from sandbox.engine.errors import EngineError, NotSupportedError
from sandbox.engine.events import Reporter
from sandbox.engine.launcher import Launcher
from sandbox.engine.provider import CHANNEL_OPTIONS
from sandbox.engine.state import State
from sandbox.engine.values import Map
from sandbox.engine.wire import Writer, from_struct

if TYPE_CHECKING:
    from sandbox.engine.goals import Goal

Json = Any
START_SECONDS = 60.0
LEVELS = ("advisory", "mandatory", "disabled", "remediate")
SEVERITIES = ("", "low", "medium", "high", "critical")
RESOURCE, STACK = 1, 2
_WRITER = Writer(unknowns=True, secrets=True)


def _own(values: Map) -> Map:
    return {k: v for k, v in values.items() if not k.startswith("__")}


class Pack:
    """A local policy pack: its folder as it was given, and its configuration file."""

    def __init__(self, cwd: Path, path: str, config: str = "") -> None:
        self.path, self.folder = path, (cwd / path).resolve()
        self.config = (cwd / config) if config else None

    def settings(self) -> dict[str, Json]:
        file = self.folder / "PulumiPolicy.yaml"
        try:
            return dict(yaml.safe_load(file.read_text()) or {})
        except (OSError, yaml.YAMLError, ValueError) as error:
            message = f"failed to load Pulumi policy project located at {str(self.folder)!r}: {error}"
            raise EngineError(message) from error

    def start(
        self, launcher: Launcher, env: Mapping[str, str], reporter: Reporter, about: Mapping[str, Json]
    ) -> "Analyzer":
        """
        Start the pack. `about` tells it `project`, `stack`, `config`, `secret_keys` and whether it is a `preview`.

        Raises EngineError when it does not start, or its configuration is not valid.
        """
        reporter.policy_load()
        settings = self.settings()
        runtime = settings.get("runtime") or ""
        options: dict[str, Json] = {}
        if isinstance(runtime, dict):
            options, runtime = runtime.get("options") or {}, runtime.get("name") or ""
        if runtime != "python":
            feature = f"policy packs of runtime '{runtime}'"
            raise NotSupportedError(feature)
        python = sys.executable
        if options.get("virtualenv"):
            found = self.folder / str(options["virtualenv"]) / "bin" / "python"
            python = str(found) if found.exists() else python
        return Analyzer(self, str(settings.get("version") or ""), launcher, python, env, reporter, about)


class Analyzer:
    """A policy pack that runs. `label` is its name in a run's summary."""

    def __init__(  # noqa: PLR0917
        self,
        pack: Pack,
        version: str,
        launcher: Launcher,
        python: str,
        env: Mapping[str, str],
        reporter: Reporter,
        about: Mapping[str, Json],
    ) -> None:
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        errors: list[str] = []
        program = pack.folder / str(pack.settings().get("main") or "")
        spec = {
            "kind": "policy",
            "cwd": str(pack.folder),
            "program": str(program),
            "project": about["project"],
            "stack": about["stack"],
            "organization": "organization",
            "preview": about["preview"],
            "env": {
                **env,
                "PULUMI_CONFIG": json.dumps(about["config"]),
                "PULUMI_PROJECT": about["project"],
                "PULUMI_STACK": about["stack"],
                "PULUMI_ORGANIZATION": "organization",
                "PULUMI_DRY_RUN": "true" if about["preview"] else "false",
            },
        }
        self._child = launcher.start(python, spec, lines.put, errors.append, on_end=lambda: lines.put(""))
        try:
            port = lines.get(timeout=START_SECONDS)
        except queue.Empty:
            port = ""
        if not port.isdecimal():
            self._child.kill()
            detail = "\n".join(errors[-20:]) or port or "it gave no port"
            message = f"policy pack {str(pack.folder)!r} failed to start: {detail}"
            raise EngineError(message)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS)
        self._stub = analyzer_pb2_grpc.AnalyzerStub(self._channel)
        self._reporter = reporter
        try:
            self._configure(pack, version, about)
        except (EngineError, grpc.RpcError):
            self.close()
            raise

    def _configure(self, pack: Pack, version: str, about: Mapping[str, Json]) -> None:
        request = analyzer_pb2.AnalyzerStackConfigureRequest(
            stack=about["stack"],
            project=about["project"],
            organization="organization",
            dry_run=about["preview"],
            config=about["config"],
            config_secret_keys=about["secret_keys"],
        )
        try:
            self._stub.ConfigureStack(request)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNIMPLEMENTED:
                raise EngineError(str(error.details())) from error
        info = self._stub.GetAnalyzerInfo(empty_pb2.Empty())
        self.name, self.version = str(info.name), version or str(info.version)
        self.label = f"{self.name}|local|{pack.path}"
        self._policies = sorted(info.policies, key=lambda p: p.name)
        self._levels = {p.name: LEVELS[p.enforcementLevel] for p in self._policies}
        self._severities = {p.name: SEVERITIES[p.severity] for p in self._policies}
        given = policy_config.load(pack.config) if pack.config else {}
        if not info.supportsConfig:
            if given:
                message = f"policy pack {self.name!r} at {pack.path!r} does not support config"
                raise EngineError(message)
            return
        config = policy_config.reconcile(self._described(), self._initial(info), given)
        problems = policy_config.problems(self._described(), config)
        if problems:
            for problem in sorted(problems):
                self._reporter.error(f"validating policy config: {self.name} {self.version}  {problem}")
            message = "validating policy config"
            raise EngineError(message)
        message = analyzer_pb2.ConfigureAnalyzerRequest()
        for name, (level, properties) in config.items():
            entry = message.policyConfig[name]
            entry.enforcementLevel = LEVELS.index(level)
            entry.properties.CopyFrom(json_format.ParseDict(properties, struct_pb2.Struct()))
            if name in self._levels:
                self._levels[name] = level
        self._stub.Configure(message)

    def _described(self) -> dict[str, policy_config.Described]:
        return {
            p.name: policy_config.Described(
                self._levels[p.name],
                json_format.MessageToDict(p.configSchema.properties),
                list(p.configSchema.required),
            )
            for p in self._policies
        }

    @staticmethod
    def _initial(info: Any) -> policy_config.Config:
        return {
            name: (LEVELS[entry.enforcementLevel], json_format.MessageToDict(entry.properties))
            for name, entry in info.initialConfig.items()
        }

    def close(self) -> None:
        self._child.kill()
        self._channel.close()

    # -- one resource --------------------------------------------------------------------------------------------------
    def _options(self, state: State, goal: "Goal | None") -> Any:
        before = goal.delete_before_replace if goal is not None else None
        return analyzer_pb2.AnalyzerResourceOptions(
            protect=state.protect,
            ignoreChanges=state.ignore_changes,
            deleteBeforeReplace=bool(before),
            deleteBeforeReplaceDefined=before is not None,
            additionalSecretOutputs=state.additional_secret_outputs,
            aliases=state.aliases,
            parent=state.parent,
            customTimeouts=analyzer_pb2.AnalyzerResourceOptions.CustomTimeouts(**state.custom_timeouts),
        )

    @staticmethod
    def _provider(provider: State | None) -> Any:
        if provider is None:
            return None
        return analyzer_pb2.AnalyzerProviderResource(
            urn=provider.urn,
            type=provider.type,
            name=provider.name,
            properties=_WRITER.struct(_own(provider.inputs)),
        )

    def _request(self, state: State, values: Map, goal: "Goal | None", provider: State | None) -> Any:
        return analyzer_pb2.AnalyzeRequest(
            urn=state.urn,
            type=state.type,
            name=state.name,
            properties=_WRITER.struct(values),
            options=self._options(state, goal),
            provider=self._provider(provider),
        )

    def remediate(self, state: State, goal: "Goal | None", provider: State | None, *, apply: bool = True) -> None:
        """Let the pack change a resource's inputs, and tell what it changed. `apply=False` only tells."""
        answer = self._call(self._stub.Remediate, self._request(state, state.inputs, goal, provider))
        for found in answer.remediations:
            if found.diagnostic:
                self._violation(state.urn, found.policyName, "advisory", found.diagnostic, found.policyPackName)
                continue
            after = from_struct(found.properties)
            self._reporter.policy(
                "policyRemediationEvent",
                {
                    "resourceUrn": state.urn,
                    "color": "raw",
                    "policyName": found.policyName,
                    **self._pack(),
                    "before": self._reporter.map(state.inputs),
                    "after": self._reporter.map(after),
                },
            )
            if apply:
                state.inputs = after
        self._summary(
            "policyRemediateSummaryEvent", RESOURCE, answer, {f.policyName for f in answer.remediations}, state.urn
        )

    def analyze(self, state: State, goal: "Goal | None", provider: State | None) -> bool:
        """Judge a resource; whether a mandatory policy is violated."""
        answer = self._call(self._stub.Analyze, self._request(state, _own(state.inputs), goal, provider))
        failed = self._diagnostics(answer, lambda _: state.urn)
        self._summary(
            "policyAnalyzeSummaryEvent", RESOURCE, answer, {d.policyName for d in answer.diagnostics}, state.urn
        )
        return failed

    # -- the stack -----------------------------------------------------------------------------------------------------
    def analyze_stack(self, resources: "Sequence[tuple[State, Goal | None, State | None]]", stack_urn: str) -> bool:
        """Judge all resources together; whether a mandatory policy is violated."""
        request = analyzer_pb2.AnalyzeStackRequest()
        for state, goal, provider in resources:
            entry = request.resources.add(
                urn=state.urn,
                type=state.type,
                name=state.name,
                properties=_WRITER.struct(_own(state.outputs)),
                options=self._options(state, goal),
                provider=self._provider(provider),
                parent=state.parent,
                dependencies=state.dependencies,
            )
            for key, deps in state.property_dependencies.items():
                if deps:
                    entry.propertyDependencies[key].urns.extend(deps)
        answer = self._call(self._stub.AnalyzeStack, request)
        known = {state.urn for state, _, _ in resources}
        failed = self._diagnostics(answer, lambda urn: urn if urn in known else stack_urn)
        self._summary("policyAnalyzeStackSummaryEvent", STACK, answer, {d.policyName for d in answer.diagnostics}, None)
        return failed

    # -- telling -------------------------------------------------------------------------------------------------------
    @staticmethod
    def _call(call: Any, request: Any) -> Any:
        try:
            return call(request)
        except grpc.RpcError as error:
            message = f"failed to run policy: {error.details()}"
            raise EngineError(message) from error

    def _pack(self) -> dict[str, Json]:
        return {
            "policyPackName": self.name,
            "policyPackVersion": self.version,
            "policyPackVersionTag": self.version,
        }

    def _diagnostics(self, answer: Any, about: Any) -> bool:
        failed = False
        for found in answer.diagnostics:
            level = LEVELS[found.enforcementLevel]
            level = "mandatory" if level == "remediate" else level
            failed = failed or level == "mandatory"
            severity = SEVERITIES[found.severity] or self._severities.get(found.policyName, "")
            self._violation(about(found.urn), found.policyName, level, found.message, found.policyPackName, severity)
        return failed

    def _violation(self, urn: str, policy: str, level: str, message: str, pack: str, severity: str = "") -> None:  # noqa: PLR0917
        body: dict[str, Json] = {"resourceUrn": urn} if urn else {}
        body |= {
            "message": self._reporter.filter.text(message) + "\n",
            "color": "never",
            "policyName": policy,
            **self._pack(),
            "policyPackName": pack or self.name,
            "enforcementLevel": level,
        }
        if severity:
            body["severity"] = severity
        self._reporter.policy("policyEvent", body)

    def _summary(self, kind: str, wanted: int, answer: Any, failed: set[str], urn: str | None) -> None:
        skipped = {n.policy_name for n in answer.not_applicable}
        passed = [
            p.name
            for p in self._policies
            if p.policy_type in (wanted, 0) and self._levels[p.name] != "disabled" and p.name not in failed | skipped
        ]
        body: dict[str, Json] = {"resourceUrn": urn} if urn is not None else {}
        body |= self._pack()
        if passed:
            body["passed"] = passed
        if failed:
            body["failed"] = sorted(failed)
        self._reporter.policy(kind, body)


def provider_of(state: State, providers: Mapping[str, State]) -> State | None:
    return providers.get(urns.parse_ref(state.provider).urn) if state.provider else None
