"""Policy packs judge a state as it stands, without program, provider or backend: `pulumi policy analyze`."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.engine import urns
from sandbox.engine.arguments import Arguments
from sandbox.engine.errors import EngineError, NotSupportedError
from sandbox.engine.events import JsonLines, Listener, Reporter, StepView
from sandbox.engine.invocation import Entry, Invocation
from sandbox.engine.launcher import Launcher
from sandbox.engine.passphrase import Crypter
from sandbox.engine.policies import Analyzer, Pack, provider_of
from sandbox.engine.stacks import salt_of
from sandbox.engine.state import State, snapshot_from_json

Json = Any


@dataclass(slots=True)
class Analysis:
    """What the packs said: engine events as the CLI prints them, and whether a mandatory policy is violated."""

    events: list[dict[str, Json]] = field(default_factory=list)
    mandatory: bool = False

    @property
    def violations(self) -> list[dict[str, Json]]:
        """The `policyEvent` bodies: policyName, enforcementLevel, severity, resourceUrn, message ..."""
        return [e["policyEvent"] for e in self.events if "policyEvent" in e]


class _AnalysisReporter(Reporter):
    """Tells violations and remediations only, as the command does."""

    def policy(self, kind: str, body: dict[str, Json]) -> None:
        if kind == "policyEvent":
            super().policy(kind, {**body, "message": body["message"].rstrip("\n"), "color": ""})
        elif kind == "policyRemediationEvent":
            super().policy(kind, body)

    def policy_load(self) -> None:
        pass


class _Collector:
    wants_states = False

    def __init__(self, found: list[dict[str, Json]]) -> None:
        self._found = found

    def event(self, kind: str, body: dict[str, Json], step: StepView | None) -> None:
        del step
        self._found.append({kind: body})

    def close(self) -> None:
        pass


def analyze_state(
    deployment: Mapping[str, Json],
    packs: Sequence[tuple[str | Path, str | Path | None]],
    *,
    env: Mapping[str, str] | None = None,
    launcher: Launcher | None = None,
    listeners: Sequence[Listener] = (),
) -> Analysis:
    """
    Judge a state with policy packs.

    `deployment` is what `pulumi stack export` prints (`{"version": 3, "deployment": {...}}`), or a checkpoint's
    `latest`; each pack is a folder and a configuration file or None. Secrets that cannot be opened in `env` are judged
    as the text `[secret]`. Raises EngineError when the state is malformed or a pack does not start.
    """
    from sandbox.engine.command import shared_launcher  # noqa: PLC0415  # which imports this module's callers

    env = dict(os.environ) if env is None else env
    latest = deployment.get("deployment", deployment)
    resources = _resources(latest, env)
    found = Analysis()
    reporter = _AnalysisReporter([_Collector(found.events), *listeners], preview=False)
    stack, project = _names(resources)
    about = {"project": project, "stack": stack, "config": {}, "secret_keys": [], "preview": False}
    analyzers: list[Analyzer] = []
    try:
        for folder, config in packs:
            pack = Pack(Path.cwd(), str(folder), str(config) if config else "")
            analyzers.append(pack.start(launcher or shared_launcher(), env, reporter, about))
        found.mandatory = _judge(resources, analyzers, stack, project)
        result = "failed" if found.mandatory else "succeeded"
        reporter.summary({}, 0, result, {a.name: a.version for a in analyzers}, corrupt=False)
    finally:
        for analyzer in analyzers:
            analyzer.close()
    return found


def _resources(latest: Mapping[str, Json], env: Mapping[str, str]) -> list[State]:
    crypter = Crypter(salt_of(latest), env)
    try:
        return snapshot_from_json(dict(latest), crypter.decrypt).resources
    except EngineError:
        return snapshot_from_json(dict(latest), lambda _: '"[secret]"').resources


def _names(resources: list[State]) -> tuple[str, str]:
    if not resources:
        return "unknown", "unknown"
    first = urns.parse(resources[0].urn)
    return first.stack, first.project


def _judge(resources: list[State], analyzers: list[Analyzer], stack: str, project: str) -> bool:
    living = [r for r in resources if not r.delete]
    providers = {r.urn: r for r in living if r.is_provider}
    mandatory = False
    for state in living:
        provider = provider_of(state, providers)
        for analyzer in analyzers:
            analyzer.remediate(state, None, provider, apply=False)
        for analyzer in analyzers:
            mandatory = analyzer.analyze(state, None, provider) or mandatory
    root = urns.make(stack, project, "", urns.STACK_TYPE, f"{project}-{stack}")
    everything = [(s, None, provider_of(s, providers)) for s in living]
    for analyzer in analyzers:
        mandatory = analyzer.analyze_stack(everything, root) or mandatory
    return mandatory


def _analyze(invocation: Invocation, arguments: Arguments) -> int:
    packs, configs = arguments.all("policy-pack"), arguments.all("policy-pack-config")
    if not packs:
        message = "at least one --policy-pack path must be specified"
        raise EngineError(message)
    if configs and len(configs) != len(packs):
        message = "the number of --policy-pack-config paths must match the number of --policy-pack paths"
        raise EngineError(message)
    if arguments.has("diff"):
        feature = "`policy analyze --diff`"
        raise NotSupportedError(feature)
    if arguments.one("file"):
        source = f"File {arguments.one('file')}"
        deployment = json.loads((invocation.cwd / arguments.one("file")).read_text())
    else:
        stack = invocation.stack(arguments)
        source, deployment = f"Stack {stack.name}", stack.latest()
    if not (deployment.get("deployment", deployment).get("resources")):
        invocation.err.write(f"{source} has no resources; nothing to analyze.\n")
        return 0
    listeners: list[Listener] = [JsonLines(invocation.print)] if arguments.has("json") else [_Lines(invocation)]
    chosen = [(invocation.cwd / pack, invocation.cwd / configs[i] if configs else None) for i, pack in enumerate(packs)]
    found = analyze_state(deployment, chosen, env=invocation.env, launcher=invocation.launcher, listeners=listeners)
    if found.mandatory:
        message = "one or more mandatory policy violations were found"
        raise EngineError(message)
    return 0


class _Lines:
    """A line for each violation, for people."""

    wants_states = False

    def __init__(self, invocation: Invocation) -> None:
        self._print = invocation.print

    def event(self, kind: str, body: dict[str, Json], step: StepView | None) -> None:
        del step
        if kind == "policyEvent":
            about = body.get("resourceUrn", "")
            name = urns.name_of(about) if about else "stack"
            self._print(f"[{body['enforcementLevel']}] {body['policyName']} ({name})")
            for line in body["message"].rstrip().splitlines():
                self._print(f"    {line}")

    def close(self) -> None:
        pass


COMMANDS = {
    ("policy", "analyze"): Entry(
        _analyze,
        {"stack": True, "file": True, "json": False, "diff": False, "policy-pack": True, "policy-pack-config": True},
    )
}
