"""`pulumi stack`, and small commands about the engine itself."""

import json
from datetime import UTC, datetime
from typing import Any

from sandbox.engine import gojson, stacks, state_edits, table
from sandbox.engine.arguments import Arguments
from sandbox.engine.backend import Backend
from sandbox.engine.display import shown
from sandbox.engine.errors import EngineError, NotSupportedError, StackNotFoundError
from sandbox.engine.invocation import Entry, Invocation
from sandbox.engine.project import select_stack, selected_stack
from sandbox.engine.stacks import Stack
from sandbox.engine.state import to_json
from sandbox.engine.urns import STACK_TYPE
from sandbox.engine.values import Secret, plain
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
            raise StackNotFoundError(name)
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
    alone = len(resources) == 1 and resources[0]["type"] == STACK_TYPE
    if resources and not alone and not arguments.has("force"):
        message = (
            f"'{name}' still has resources; removal rejected. Possible actions:\n"
            f"- Make sure that '{name}' is the stack that you want to destroy\n"
            "- Run `pulumi destroy` to delete the resources, then run `pulumi stack rm`\n"
            "- Run `pulumi stack rm --force` to override this error"
        )
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
        message = f"a stack named {new} already exists"
        raise EngineError(message)
    with backend.locked(project.name, stack.name, stack.env):
        checkpoint = backend.read(project.name, stack.name)
        state_edits.rename_stack(checkpoint.get("latest") or {}, project.name, stack.name, new)
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
        invocation.print(gojson.indented(to_json(values, lambda _: "[secret]"), 2))
    elif arguments.words:
        invocation.print(values if isinstance(values, str) else gojson.compact(to_json(values, lambda _: "")))
    else:
        invocation.print(f"Current stack outputs ({len(values)}):")
        rows = [(key, value if isinstance(value, str) else shown(value)) for key, value in values.items()]
        for line in table.lines(("OUTPUT", "VALUE"), rows, indent=4) if rows else ():
            invocation.print(line)
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
        invocation.print(gojson.indented(found, 2))
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


_STACK = {"stack": True, "config-file": True}
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
}
