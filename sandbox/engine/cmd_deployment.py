"""`pulumi stack export` and `pulumi stack import`: the state of a stack taken out, and put in."""

import json
from collections.abc import Callable
from typing import Any

from sandbox.engine import gojson, stacks, urns
from sandbox.engine.arguments import Arguments
from sandbox.engine.backend import refuse_unknown
from sandbox.engine.document import features_of
from sandbox.engine.errors import EngineError, NotSupportedError
from sandbox.engine.integrity import why_not_intact
from sandbox.engine.invocation import Entry, Invocation
from sandbox.engine.passphrase import Crypter
from sandbox.engine.stacks import Stack
from sandbox.engine.state import Snapshot, State, snapshot_from_json
from sandbox.engine.values import SECRET_SIG, SIG, unsealed

Json = Any
NEWEST = 4  # the version of deployments that this engine writes


def export(invocation: Invocation, arguments: Arguments) -> int:
    stack = invocation.stack(arguments)
    if "version" in arguments.flags:
        feature = "`stack export --version`"
        raise NotSupportedError(feature)
    latest = stack.latest()
    if arguments.has("show-secrets"):
        crypter = Crypter(stacks.salt_of(latest) or stack.crypter.salt, stack.env)
        latest = _revealed(latest, crypter.decrypt)
    features = sorted(features_of(snapshot_from_json(latest, lambda _: "null").resources))
    whole: dict[str, Json] = {"version": 4 if features else 3, "deployment": latest}
    if features:
        whole["features"] = features
    text = gojson.indented(whole, 4)
    if arguments.one("file"):
        (invocation.cwd / arguments.one("file")).write_text(text + "\n")
    else:
        invocation.print(text)
    return 0


def _revealed(value: Json, decrypt: Callable[[str], str]) -> Json:
    """A state with the plaintext of its secrets; those inside a secret are not sealed a second time."""
    if isinstance(value, list):
        return [_revealed(v, decrypt) for v in value]
    if not isinstance(value, dict):
        return value
    if value.get(SIG) == SECRET_SIG and "ciphertext" in value:
        text = decrypt(value["ciphertext"])
        if SECRET_SIG in text:
            text = gojson.compact(_revealed(json.loads(text), lambda inner: inner))
        return {SIG: SECRET_SIG, "plaintext": text}
    return {k: _revealed(v, decrypt) for k, v in value.items()}


def import_(invocation: Invocation, arguments: Arguments) -> int:
    stack = invocation.stack(arguments)
    if not arguments.one("file"):
        feature = "`stack import` from standard input; pass --file"
        raise NotSupportedError(feature)
    data = _deployment(invocation, arguments.one("file"), stack)
    with stack.backend.locked(stack.project.name, stack.name, stack.env):
        latest = data.get("deployment") or {}
        salt = stacks.salt_of(latest)
        foreign = Crypter(salt, stack.env) if salt and salt != stack.crypter.salt else stack.crypter
        snapshot = snapshot_from_json(latest, foreign.decrypt)
        _refuse_dangerous(invocation, snapshot, stack, force=arguments.has("force"))
        if foreign is not stack.crypter:
            _unseal(snapshot.resources)
        if snapshot.secrets_provider:
            snapshot.secrets_provider = stacks.provider_entry(stack.crypter.salt)
        for begun in snapshot.pending:
            invocation.err.write(
                f"warning: removing pending operation '{begun.type}' on '{begun.resource.urn}' from snapshot\n"
            )
        snapshot.pending = []
        stack.save(snapshot)
    invocation.print("Import complete.")
    return 0


def _deployment(invocation: Invocation, name: str, stack: Stack) -> dict[str, Json]:
    """The deployment in a file. Raises EngineError when there is none, or it is of a version to come."""
    try:
        data = gojson.loads((invocation.cwd / name).read_bytes())
    except OSError as error:
        message = f"could not open file: open {name}: {(error.strerror or str(error)).lower()}"
        raise EngineError(message) from error
    except ValueError as error:
        message = f"{name} is not JSON: {error}"
        raise EngineError(message) from error
    if isinstance(data, dict) and isinstance(data.get("version"), int) and data["version"] > NEWEST:
        message = (
            f"the stack '{stack.name}' is newer than what this version of the Pulumi CLI understands. Please update "
            "your version of the Pulumi CLI"
        )
        raise EngineError(message)
    refuse_unknown(data)
    return dict(data)


def _refuse_dangerous(invocation: Invocation, snapshot: Snapshot, stack: Stack, *, force: bool) -> None:
    """Raises EngineError for a state of another stack, and for one that is not whole; with `force` it warns."""
    wrong = [
        f"resource '{s.urn}' is from a different stack ({urns.parse(s.urn).stack} != {stack.name})"
        for s in snapshot.resources
        if urns.parse(s.urn).stack != stack.name
    ]
    if broken := why_not_intact(snapshot):
        wrong.append(f"state file contains errors: {broken}")
    if force:
        for message in wrong:
            invocation.err.write(f"warning: {message}\n")
    elif wrong:
        wrong.append("importing this file could be dangerous; rerun with --force to proceed anyway")
        listed = "".join(f"\t* {message}\n" for message in wrong)
        text = f"{len(wrong)} errors occurred:\n{listed}\n"
        raise EngineError(text)


def _unseal(resources: list[State]) -> None:
    """Forget ciphertexts, so that the values are sealed with the stack's own key."""
    for state in resources:
        state.inputs, state.outputs = unsealed(state.inputs), unsealed(state.outputs)
        state.replacement_trigger = unsealed(state.replacement_trigger)


_STACK = {"stack": True, "config-file": True}
COMMANDS = {
    ("stack", "export"): Entry(export, {**_STACK, "file": True, "show-secrets": False, "version": True}),
    ("stack", "import"): Entry(import_, {**_STACK, "file": True, "force": False}),
}
