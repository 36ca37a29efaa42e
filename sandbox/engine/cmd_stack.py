"""`pulumi stack`, `state`, and small commands about the engine itself."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.engine import stacks
from sandbox.engine.arguments import Arguments
from sandbox.engine.backend import Backend, refuse_unknown
from sandbox.engine.display import shown
from sandbox.engine.document import features_of
from sandbox.engine.errors import EngineError, NotSupportedError
from sandbox.engine.invocation import Entry, Invocation
from sandbox.engine.passphrase import Crypter
from sandbox.engine.project import select_stack, selected_stack
from sandbox.engine.stacks import Stack
from sandbox.engine.state import Snapshot, State, resource_json, secret_text, snapshot_from_json, to_json
from sandbox.engine.values import SECRET_SIG, SIG, Secret, plain
from sandbox.engine.versions import VERSION

Json = Any


def version(invocation: Invocation, arguments: Arguments) -> int:
    del arguments
    invocation.print(f"v{VERSION}")
    return 0


def whoami(invocation: Invocation, arguments: Arguments) -> int:
    user = invocation.env.get("USER", "unknown")
    if arguments.has("json"):
        invocation.print(json.dumps({"user": user, "url": invocation.backend.url}, indent=2))
    else:
        invocation.print(user)
    return 0


# -- stacks ------------------------------------------------------------------------------------------------------------
def _named(invocation: Invocation, arguments: Arguments) -> str:
    return invocation.stack_name(arguments.words[0] if arguments.words else arguments.one("stack"))


def init(invocation: Invocation, arguments: Arguments) -> int:
    provider = arguments.one("secrets-provider")
    if provider not in ("", "default", "passphrase"):
        feature = f"secrets provider '{provider}'"
        raise NotSupportedError(feature)
    name = _named(invocation, arguments)
    backend = invocation.backend
    stacks.create(invocation.project, name, backend, invocation.env)
    if not arguments.has("no-select"):
        select_stack(invocation.project, invocation.env, backend.url, name)
    invocation.print(f"Created stack '{name}'")
    return 0


def select(invocation: Invocation, arguments: Arguments) -> int:
    name, backend = _named(invocation, arguments), invocation.backend
    if not backend.exists(invocation.project.name, name):
        if not arguments.has("create"):
            message = f"no stack named '{name}' found"
            raise EngineError(message)
        stacks.create(invocation.project, name, backend, invocation.env)
    select_stack(invocation.project, invocation.env, backend.url, name)
    return 0


def _last_update(backend: Backend, project: str, name: str) -> str:
    latest = backend.read(project, name).get("latest") or {}
    text = str((latest.get("manifest") or {}).get("time", ""))
    return text.partition(".")[0] + ".000Z" if "." in text else text


def list_(invocation: Invocation, arguments: Arguments) -> int:
    backend, project = invocation.backend, invocation.project
    found: list[dict[str, Json]] = []
    current = selected_stack(project, invocation.env, backend.url)
    for owner, name in backend.stacks(None if arguments.has("all") else project.name):
        latest = backend.read(owner, name).get("latest") or {}
        count = len(latest.get("resources") or [])
        entry: dict[str, Json] = {
            "name": name if owner == project.name else f"organization/{owner}/{name}",
            "current": owner == project.name and name == current,
        }
        if latest.get("manifest"):
            entry["lastUpdate"] = _last_update(backend, owner, name)
        entry["resourceCount"] = count
        found.append(entry)
    if arguments.has("json"):
        invocation.print(json.dumps(found, indent=2))
        return 0
    width = max([4, *(len(e["name"]) + 1 for e in found)])
    invocation.print(f"{'NAME':<{width}}  RESOURCE COUNT")
    for entry in found:
        invocation.print(f"{entry['name'] + '*' * entry['current']:<{width}}  {entry['resourceCount']}")
    return 0


def show(invocation: Invocation, arguments: Arguments) -> int:
    stack = invocation.stack(arguments)
    if arguments.has("show-name"):
        invocation.print(stack.name)
        return 0
    resources = stack.latest().get("resources") or []
    invocation.print(f"Current stack is {stack.name}:")
    invocation.print(f"Current stack resources ({len(resources)}):")
    for resource in resources:
        invocation.print(f"    {resource['type']}  {resource['urn'].split('::', 3)[-1]}")
    return 0


def remove(invocation: Invocation, arguments: Arguments) -> int:
    name, backend, project = _named(invocation, arguments), invocation.backend, invocation.project
    stack = Stack.open(project, name, backend, invocation.env)
    resources = stack.latest().get("resources") or []
    if resources and not arguments.has("force"):
        message = f"'{name}' still has resources; removal rejected; pass --force to override"
        raise EngineError(message)
    backend.remove_stack(project.name, name)
    if not arguments.has("preserve-config"):
        stack.settings.path.unlink(missing_ok=True)
    if selected_stack(project, invocation.env, backend.url) == name:
        select_stack(project, invocation.env, backend.url, None)
    invocation.print(f"Stack '{name}' has been removed!")
    return 0


def rename(invocation: Invocation, arguments: Arguments) -> int:
    if len(arguments.words) != 1:
        message = "usage: pulumi stack rename <new-stack-name>"
        raise EngineError(message)
    stack, new = invocation.stack(arguments), arguments.words[0].rsplit("/", 1)[-1]
    backend, project = stack.backend, stack.project
    if backend.exists(project.name, new):
        message = f"a stack named '{new}' already exists"
        raise EngineError(message)
    text = json.dumps(backend.read(project.name, stack.name), ensure_ascii=False)
    text = text.replace(f"urn:pulumi:{stack.name}::{project.name}::", f"urn:pulumi:{new}::{project.name}::")
    text = text.replace(f'::{project.name}-{stack.name}"', f'::{project.name}-{new}"')
    checkpoint = json.loads(text)
    checkpoint["stack"] = f"organization/{project.name}/{new}"
    backend.rename(project.name, stack.name, new, checkpoint)
    target = project.stack_settings_file(new)
    if stack.settings.path.exists() and not target.exists():
        stack.settings.path.rename(target)
    select_stack(project, invocation.env, backend.url, new)
    invocation.print(f"Renamed {stack.name} to {new}")
    return 0


# -- what a stack holds ------------------------------------------------------------------------------------------------
def output(invocation: Invocation, arguments: Arguments) -> int:
    stack = invocation.stack(arguments)
    outputs, reveal = stack.outputs(), arguments.has("show-secrets")
    values: Any = {k: plain(v) if reveal else _hidden(v) for k, v in sorted(outputs.items())}
    if arguments.words:
        if arguments.words[0] not in values:
            message = f"current stack does not have output property '{arguments.words[0]}'"
            raise EngineError(message)
        values = values[arguments.words[0]]
    if arguments.has("json"):
        invocation.print(json.dumps(to_json(values, lambda _: "[secret]"), indent=2, ensure_ascii=False))
    elif arguments.words:
        invocation.print(values if isinstance(values, str) else json.dumps(to_json(values, lambda _: "")))
    else:
        invocation.print(f"Current stack outputs ({len(values)}):")
        for key, value in values.items():
            invocation.print(f"    {key}  {value if isinstance(value, str) else shown(value)}")
    return 0


def _hidden(value: Json) -> Json:
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, dict):
        return {k: _hidden(v) for k, v in value.items()}
    return [_hidden(v) for v in value] if isinstance(value, list) else value


def history(invocation: Invocation, arguments: Arguments) -> int:
    stack = invocation.stack(arguments)
    entries = stack.backend.history(stack.project.name, stack.name)
    size = int(arguments.one("page-size") or 0)
    if size:
        page = max(1, int(arguments.one("page") or 1))
        entries = entries[(page - 1) * size : page * size]
    found = [_history_entry(e, stack, reveal=arguments.has("show-secrets")) for e in entries]
    if arguments.has("json"):
        invocation.print(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    for entry in found:
        invocation.print(f"{entry['kind']} {entry['result']} {entry['startTime']} {entry['message']}")
    return 0


def _history_entry(entry: dict[str, Json], stack: Stack, *, reveal: bool) -> dict[str, Json]:
    def moment(seconds: int) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    config = {}
    for key, raw in (entry.get("config") or {}).items():
        config[key] = _config_entry(raw, stack, reveal=reveal)
    return {
        "version": entry.get("version", 0),
        "kind": entry["kind"],
        "startTime": moment(entry["startTime"]),
        "message": entry.get("message", ""),
        "environment": entry.get("environment") or {},
        "config": config,
        "result": entry["result"],
        "endTime": moment(entry["endTime"]),
        "resourceChanges": entry.get("resourceChanges") or {},
    }


def _config_entry(raw: Json, stack: Stack, *, reveal: bool) -> dict[str, Json]:
    from sandbox.engine.config import ConfigValue  # noqa: PLC0415

    value = ConfigValue(raw)
    found: dict[str, Json] = {}
    if reveal or not value.secret:
        found["value"] = value.text(stack.crypter)
        if value.is_object:
            found["objectValue"] = value.opened(stack.crypter)
    return {**found, "secret": value.secret}


def export(invocation: Invocation, arguments: Arguments) -> int:
    stack = invocation.stack(arguments)
    if "version" in arguments.flags:
        feature = "`stack export --version`"
        raise NotSupportedError(feature)
    latest = stack.latest()
    if arguments.has("show-secrets"):
        crypter = Crypter(stacks.salt_of(latest) or stack.crypter.salt, stack.env)
        latest = _revealed(latest, crypter)
    features = sorted(features_of(snapshot_from_json(latest, lambda _: "null").resources))
    whole: dict[str, Json] = {"version": 4 if features else 3, "deployment": latest}
    if features:
        whole["features"] = features
    text = json.dumps(whole, indent=4, ensure_ascii=False)
    if arguments.one("file"):
        (invocation.cwd / arguments.one("file")).write_text(text + "\n")
    else:
        invocation.print(text)
    return 0


def _revealed(value: Json, crypter: Crypter) -> Json:
    if isinstance(value, list):
        return [_revealed(v, crypter) for v in value]
    if not isinstance(value, dict):
        return value
    if value.get(SIG) == SECRET_SIG and "ciphertext" in value:
        return {SIG: SECRET_SIG, "plaintext": crypter.decrypt(value["ciphertext"])}
    return {k: _revealed(v, crypter) for k, v in value.items()}


def import_(invocation: Invocation, arguments: Arguments) -> int:
    stack = invocation.stack(arguments)
    if not arguments.one("file"):
        feature = "`stack import` from standard input; pass --file"
        raise NotSupportedError(feature)
    data = json.loads((invocation.cwd / arguments.one("file")).read_text())
    refuse_unknown(data)
    with stack.backend.locked(stack.project.name, stack.name, stack.env):
        latest = data.get("deployment") or {}
        salt = stacks.salt_of(latest)
        foreign = Crypter(salt, stack.env) if salt and salt != stack.crypter.salt else stack.crypter
        snapshot = snapshot_from_json(latest, foreign.decrypt)
        _refuse_others(snapshot, stack, force=arguments.has("force"))
        if foreign is not stack.crypter:
            _unseal(snapshot.resources)
        snapshot.secrets_provider = stacks.provider_entry(stack.crypter.salt)
        stack.save(snapshot)
    invocation.print("Import complete.")
    return 0


def _refuse_others(snapshot: Snapshot, stack: Stack, *, force: bool) -> None:
    for state in snapshot.resources:
        if state.urn.split("::")[0] != f"urn:pulumi:{stack.name}" and not force:
            message = (
                f"resource '{state.urn}' is from a different stack ({state.urn.split('::')[0][11:]} != {stack.name})"
            )
            raise EngineError(message)


def _unseal(resources: list[State]) -> None:
    """Forget ciphertexts, so that the values are sealed with the stack's own key."""
    for state in resources:
        state.inputs, state.outputs = _fresh(state.inputs), _fresh(state.outputs)


def _fresh(value: Any) -> Any:
    if isinstance(value, Secret):
        return Secret(_fresh(value.value))
    if isinstance(value, dict):
        return {k: _fresh(v) for k, v in value.items()}
    return [_fresh(v) for v in value] if isinstance(value, list) else value


# -- state -------------------------------------------------------------------------------------------------------------
def _chosen(snapshot: Snapshot, arguments: Arguments) -> list[State]:
    if arguments.has("all"):
        return list(snapshot.resources)
    found = []
    for urn in arguments.words:
        matches = [s for s in snapshot.resources if s.urn == urn]
        if not matches:
            message = f'No such resource "{urn}" exists in the current state'
            raise EngineError(message)
        found += matches
    return found


def _protection(invocation: Invocation, arguments: Arguments, *, protect: bool) -> int:
    stack = invocation.stack(arguments)
    with stack.backend.locked(stack.project.name, stack.name, stack.env):
        snapshot = stack.snapshot()
        chosen = _chosen(snapshot, arguments)
        for state in chosen:
            state.protect = protect
        stack.save(snapshot)
    word = "protected" if protect else "unprotected"
    invocation.print(f"All resources {word}" if arguments.has("all") else f"{len(chosen)} resources {word}")
    return 0


def protect(invocation: Invocation, arguments: Arguments) -> int:
    return _protection(invocation, arguments, protect=True)


def unprotect(invocation: Invocation, arguments: Arguments) -> int:
    return _protection(invocation, arguments, protect=False)


def delete(invocation: Invocation, arguments: Arguments) -> int:
    """Remove resources from the state; the objects themselves stay."""
    stack = invocation.stack(arguments)
    with stack.backend.locked(stack.project.name, stack.name, stack.env):
        snapshot = stack.snapshot()
        for state in _chosen(snapshot, arguments):
            _delete(snapshot, state, force=arguments.has("force"), dependents=arguments.has("target-dependents"))
        stack.save(snapshot)
    invocation.print("Resource deleted")
    return 0


def _delete(snapshot: Snapshot, state: State, *, force: bool, dependents: bool) -> None:
    from sandbox.engine.deployment import Graph  # noqa: PLC0415

    if state not in snapshot.resources:
        return
    needing = Graph(snapshot.resources).depending_on(state, set(), children=True)
    if needing and not dependents:
        listed = "\n".join(f" * {s.urn}" for s in needing)
        message = f"This resource can't be safely deleted because the following resources depend on it:\n{listed}"
        raise EngineError(message)
    for one in [state, *needing]:
        if one.protect and not force:
            message = (
                "This resource can't be safely deleted because it is protected. Re-run this command with --force to "
                f"force deletion: {one.urn}"
            )
            raise EngineError(message)
    gone = {id(s) for s in (state, *needing)}
    snapshot.resources = [s for s in snapshot.resources if id(s) not in gone]


_STACK = {"stack": True, "config-file": True}
_STATE = {**_STACK, "yes": False, "all": False}
COMMANDS = {
    ("version",): Entry(version, {}),
    ("whoami",): Entry(whoami, {"json": False, "verbose": False}),
    ("stack",): Entry(
        show, {**_STACK, "show-name": False, "show-ids": False, "show-urns": False, "show-secrets": False}
    ),
    ("stack", "init"): Entry(init, {**_STACK, "secrets-provider": True, "no-select": False}, words=1),
    ("stack", "select"): Entry(select, {**_STACK, "create": False, "secrets-provider": True}, words=1),
    ("stack", "ls"): Entry(list_, {"json": False, "all": False}),
    ("stack", "rm"): Entry(remove, {**_STACK, "yes": False, "force": False, "preserve-config": False}, words=1),
    ("stack", "rename"): Entry(rename, _STACK, words=1),
    ("stack", "output"): Entry(output, {**_STACK, "json": False, "show-secrets": False}, words=1),
    ("stack", "history"): Entry(
        history, {**_STACK, "json": False, "show-secrets": False, "page-size": True, "page": True, "full-dates": False}
    ),
    ("history",): Entry(history, {**_STACK, "json": False, "show-secrets": False, "page-size": True, "page": True}),
    ("stack", "export"): Entry(export, {**_STACK, "file": True, "show-secrets": False, "version": True}),
    ("stack", "import"): Entry(import_, {**_STACK, "file": True, "force": False}),
    ("state", "protect"): Entry(protect, _STATE, words=999),
    ("state", "unprotect"): Entry(unprotect, _STATE, words=999),
    ("state", "delete"): Entry(delete, {**_STATE, "force": False, "target-dependents": False}, words=999),
}
__all__ = ["COMMANDS", "Path", "resource_json", "secret_text"]
