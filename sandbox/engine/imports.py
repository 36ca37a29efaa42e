"""`pulumi import`: adopts objects that exist into the state, without the program."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.engine import config as configuration
from sandbox.engine import urns
from sandbox.engine.arguments import Arguments
from sandbox.engine.cmd_runs import run_operation
from sandbox.engine.defaults import package_config
from sandbox.engine.deployment import Deployment, Options
from sandbox.engine.errors import EngineError, NotSupportedError
from sandbox.engine.executor import Executor
from sandbox.engine.goals import Goal, Registration
from sandbox.engine.invocation import Entry, Invocation
from sandbox.engine.plans import shown
from sandbox.engine.reads import ImportStep
from sandbox.engine.stacks import Stack
from sandbox.engine.state import State
from sandbox.engine.steps import After, CreateStep, SameStep
from sandbox.engine.urns import Targets
from sandbox.engine.values import Map

Json = Any


@dataclass(slots=True)
class Import:
    """An object to adopt. `parent` and `provider` are URNs; without a provider the package's default one is used."""

    type: str
    name: str
    id: str
    parent: str = ""
    provider: str = ""
    version: str = ""
    properties: list[str] = field(default_factory=list)
    component: bool = False


class _AdoptStep(ImportStep):
    """Adopts one object: what the provider reads is checked, and becomes the resource's inputs."""

    def __init__(self, run: Deployment, new: State, properties: list[str]) -> None:
        super().__init__(run, None, new)
        self._properties = properties

    def apply(self) -> After:
        new = self.res
        if new.urn in self.run.olds:
            message = f"resource '{new.urn}' already exists"
            raise EngineError(message)
        if new.custom:
            super().apply()
            new.import_id = ""
            read = new.inputs
            chosen = {k: read[k] for k in self._properties if k in read} if self._properties else dict(read)
            new.inputs = chosen
            _, failures = self.plugin().check(
                new.urn, read, chosen, preview=self.run.options.preview, seed=os.urandom(32)
            )
            for failure in failures:
                self.run.reporter.warning(
                    "One or more imported inputs failed to validate: property "
                    f"{failure.property} value {shown(chosen.get(failure.property))} has a problem: {failure.reason}",
                    new.urn,
                )
        return None


class Importer:
    """Adopts a list of objects in one run."""

    def __init__(
        self, imports: list[Import], protect: bool, config: configuration.Config, texts: dict[str, str]
    ) -> None:
        self.imports, self.protect, self.config, self.texts = imports, protect, config, texts

    def __call__(self, run: Deployment, executor: Executor, failed: Callable[..., bool]) -> bool:
        existing = [SameStep(run, None, s, s.copy(id="")) for s in run.base.resources if not s.delete]
        executor.start(list(existing)).result()
        stack = self._stack(run, executor)
        providers = self._providers(run, executor)
        if not executor.failed:
            pending = [self._step(run, one, stack, providers) for one in self.imports]
            while pending and not executor.failed:
                ready = [s for s in pending if all(s.res.parent != o.urn for o in pending)]
                if not ready:
                    message = "the parents of the imported resources form a circle"
                    raise EngineError(message)
                executor.together(ready)
                pending = [s for s in pending if s not in ready]
        executor.close()
        return not executor.failed or failed()

    def _stack(self, run: Deployment, executor: Executor) -> str:
        if run.stack_urn not in run.olds:
            goal = Goal(urns.STACK_TYPE, urns.name_of(run.stack_urn), custom=False)
            step = CreateStep(run, Registration(goal), goal.state(run.stack_urn, None))
            executor.start([step]).result()
            executor.register_outputs(run.stack_urn, {})
        return run.stack_urn

    def _providers(self, run: Deployment, executor: Executor) -> dict[str, str]:
        """The reference of each provider that the imports need; default ones are made where they are missing."""
        found: dict[str, str] = {}
        for one in self.imports:
            if one.component:
                continue
            urn = one.provider or self._default_urn(run, one)
            state = run.news.get(urn)
            if state is None:
                if one.provider:
                    message = f"unknown provider '{one.provider}' for resource '{one.name}'"
                    raise EngineError(message)
                state = self._default(run, executor, urn, one)
            found[urn] = f"{urn}::{state.id}"
        return found

    @staticmethod
    def _default_urn(run: Deployment, one: Import) -> str:
        name = "default" + ("_" + one.version.replace(".", "_") if one.version else "")
        return urns.make(run.stack, run.project, "", urns.PROVIDER_PREFIX + urns.package_of(one.type), name)

    def _default(self, run: Deployment, executor: Executor, urn: str, one: Import) -> State:
        inputs: Map = package_config(urns.package_of(one.type), self.texts, self.config)
        if one.version:
            inputs |= {"version": one.version, "__internal": {}}
        goal = Goal(urns.type_of(urn), urns.name_of(urn), custom=True, properties=inputs)
        state = goal.state(urn, None)
        state.inputs, failures = run.registry.check(urn, {}, inputs, preview=run.options.preview)
        if failures:
            message = f"provider {urn}: {failures[0].property}: {failures[0].reason}"
            raise EngineError(message)
        executor.start([CreateStep(run, Registration(goal), state)]).result()
        return state

    def _step(self, run: Deployment, one: Import, stack: str, providers: dict[str, str]) -> _AdoptStep:
        parent = one.parent or stack
        urn = urns.make(run.stack, run.project, urns.parent_type_of(parent), one.type, one.name)
        provider = "" if one.component else providers[one.provider or self._default_urn(run, one)]
        state = State(
            urn=urn,
            type=one.type,
            custom=not one.component,
            parent=parent,
            protect=self.protect,
            provider=provider,
            import_id=one.id,
        )
        return _AdoptStep(run, state, one.properties)


def _from_file(invocation: Invocation, name: str, stack: Stack) -> list[Import]:
    data = json.loads((invocation.cwd / name).read_text())
    table = dict(data.get("nameTable") or {})
    found = []
    for entry in data.get("resources") or []:
        for key in ("remote", "inputs", "outputs", "parameterization", "extension", "pluginDownloadUrl"):
            if entry.get(key):
                feature = f"'{key}' in an import file"
                raise NotSupportedError(feature)
        parent = _resolved(entry.get("parent", ""), table)
        label = entry.get("logicalName") or entry["name"]
        one = Import(
            entry["type"],
            label,
            entry.get("id", ""),
            parent,
            _resolved(entry.get("provider", ""), table),
            entry.get("version", ""),
            entry.get("properties") or [],
            bool(entry.get("component")),
        )
        root = urns.make(stack.name, stack.project.name, urns.parent_type_of(parent), entry["type"], label)
        table[entry["name"]] = root
        found.append(one)
    return found


def _resolved(name: str, table: dict[str, str]) -> str:
    if not name or name.startswith("urn:"):
        return name
    if name not in table:
        message = f"the name '{name}' is in no nameTable of the import file"
        raise EngineError(message)
    return table[name]


def _import(invocation: Invocation, arguments: Arguments) -> int:
    if "from" in arguments.flags:
        feature = "`pulumi import --from`"
        raise NotSupportedError(feature)
    generates = arguments.one("generate-code", "true") != "false"
    if generates or arguments.one("out"):
        feature = "code generation of `pulumi import`; pass --generate-code=false"
        raise NotSupportedError(feature)
    stack = invocation.stack(arguments)
    if arguments.one("file"):
        imports = _from_file(invocation, arguments.one("file"), stack)
    else:
        if len(arguments.words) != 3:
            message = "type, name and ID of the resource are needed where no import file is given"
            raise EngineError(message)
        type_, name, ident = arguments.words
        imports = [
            Import(
                type_,
                name,
                ident,
                _urn_of(arguments.one("parent")),
                _urn_of(arguments.one("provider")),
                properties=[p for given in arguments.all("properties") for p in given.split(",")],
            )
        ]
    config = configuration.load(stack.project, stack.settings)
    configuration.merge_defaults(config, stack.project)
    texts = {k: v.text(stack.crypter) for k, v in config.items()}
    protect = arguments.one("protect", "true") != "false"
    outcome = run_operation(
        invocation,
        arguments,
        "import",
        stack,
        Options(targets=Targets()),
        config,
        noun="import",
        imports=Importer(imports, protect, config, texts),
    )
    return 0 if outcome.ok else 1


def _urn_of(given: str) -> str:
    name, equals, urn = given.partition("=")
    return urn if equals and not name.startswith("urn:") else given


COMMANDS = {
    ("import",): Entry(
        _import,
        {
            "stack": True,
            "file": True,
            "yes": False,
            "skip-preview": False,
            "preview-only": False,
            "message": True,
            "protect": False,
            "generate-code": False,
            "out": True,
            "from": True,
            "parent": True,
            "provider": True,
            "properties": True,
            "exec-kind": True,
            "event-log": True,
            "json": False,
            "diff": False,
            "debug": False,
            "suppress-outputs": False,
            "suppress-progress": False,
            "config-file": True,
            "parallel": True,
        },
        words=3,
    )
}
