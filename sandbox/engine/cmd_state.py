"""`pulumi state`: edits of what the state says about resources; the objects themselves stay as they are."""

from collections.abc import Callable

from sandbox.engine import state_edits, urns
from sandbox.engine.arguments import Arguments
from sandbox.engine.errors import EngineError
from sandbox.engine.invocation import Entry, Invocation
from sandbox.engine.state import Snapshot, State

Edit = Callable[[Snapshot], None]


def _edit(invocation: Invocation, arguments: Arguments, edit: Edit) -> None:
    """Read the state under the stack's lock, change it and write it."""
    stack = invocation.stack(arguments)
    with stack.backend.locked(stack.project.name, stack.name, stack.env):
        snapshot = stack.snapshot()
        edit(snapshot)
        stack.save(snapshot)


def _need_urns(arguments: Arguments) -> None:
    if not arguments.words:
        message = "Must supply <resource URN> unless pulumi is run interactively"
        raise EngineError(message)


def _mark(invocation: Invocation, arguments: Arguments, mark: Callable[[State], None], done: str) -> int:
    """Change something of the named resources, or of all of them with --all."""
    every = arguments.has("all")
    if every and arguments.words:
        message = "cannot specify a resource URN when using --all"
        raise EngineError(message)
    if not every:
        _need_urns(arguments)

    def edit(snapshot: Snapshot) -> None:
        living = {state.urn: state for state in snapshot.resources if not state.delete}
        errors = [str(state_edits.not_found(living, urn)) for urn in arguments.words if urn not in living]
        if errors:
            raise EngineError("\n".join(errors))
        for state in living.values() if every else [living[urn] for urn in arguments.words]:
            mark(state)

    _edit(invocation, arguments, edit)
    invocation.print(f"All resources {done}" if every else f"{len(arguments.words)} resources {done}")
    return 0


def protect(invocation: Invocation, arguments: Arguments) -> int:
    return _mark(invocation, arguments, lambda state: setattr(state, "protect", True), "protected")


def unprotect(invocation: Invocation, arguments: Arguments) -> int:
    return _mark(invocation, arguments, lambda state: setattr(state, "protect", False), "unprotected")


def taint(invocation: Invocation, arguments: Arguments) -> int:
    """Have the next run replace resources."""
    return _mark(invocation, arguments, lambda state: setattr(state, "taint", True), "tainted")


def untaint(invocation: Invocation, arguments: Arguments) -> int:
    return _mark(invocation, arguments, lambda state: setattr(state, "taint", False), "untainted")


def rename(invocation: Invocation, arguments: Arguments) -> int:
    """Give a resource another name."""
    if len(arguments.words) != 2:
        message = "Must supply <resource URN> and <new name> unless pulumi is run interactively"
        raise EngineError(message)
    urn, name = arguments.words
    try:
        parts = urns.parse(urn)
    except ValueError as error:
        message = "The provided input URN is not valid"
        raise EngineError(message) from error
    new = f"urn:pulumi:{parts.stack}::{parts.project}::{parts.qualified}::{name}"
    _edit(invocation, arguments, lambda snapshot: state_edits.rename_resource(snapshot, urn, new))
    invocation.print("Resource renamed")
    return 0


def delete(invocation: Invocation, arguments: Arguments) -> int:
    """Leave resources out of the state."""
    every, count = arguments.has("all"), 0
    if every and arguments.words:
        message = "cannot specify a resource URN when deleting all resources"
        raise EngineError(message)
    if not every:
        _need_urns(arguments)

    def warn(state: State) -> None:
        invocation.err.write(f"warning: deleting protected resource {state.urn} due to presence of --force\n")

    def edit(snapshot: Snapshot) -> None:
        nonlocal count
        chosen = snapshot.resources if every else [state_edits.find(snapshot, urn) for urn in arguments.words]
        wanted = {id(state) for state in chosen}
        # what stands behind in the state may need what stands before it, so the last goes first
        order = [state for state in reversed(snapshot.resources) if id(state) in wanted]
        count = len(order)
        for state in order:
            if any(state is other for other in snapshot.resources):
                state_edits.delete(
                    snapshot,
                    state,
                    warn if arguments.has("force") else None,
                    dependents=arguments.has("target-dependents"),
                )

    _edit(invocation, arguments, edit)
    invocation.print(
        "Resources deleted" if every else "Resource deleted" if count == 1 else f"{count} resources deleted"
    )
    return 0


_STATE = {"stack": True, "config-file": True, "yes": False, "all": False}
_NAMED = {"stack": True, "config-file": True, "yes": False}
_DELETE = {**_STATE, "force": False, "target-dependents": False}
COMMANDS = {
    ("state", "protect"): Entry(protect, _STATE, words=999),
    ("state", "unprotect"): Entry(unprotect, _STATE, words=999),
    ("state", "taint"): Entry(taint, _NAMED, words=999),
    ("state", "untaint"): Entry(untaint, _STATE, words=999),
    ("state", "rename"): Entry(rename, _NAMED, words=2),
    ("state", "delete"): Entry(delete, _DELETE, words=999),
    ("state", "remove"): Entry(delete, _DELETE, words=999),
}
