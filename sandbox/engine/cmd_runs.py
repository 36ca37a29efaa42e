"""`pulumi up`, `preview`, `refresh` and `destroy`."""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.engine import cmd_config
from sandbox.engine import config as configuration
from sandbox.engine.arguments import Arguments
from sandbox.engine.deployment import Graph, Options
from sandbox.engine.digest import Digest
from sandbox.engine.display import Display
from sandbox.engine.errors import BAD_CALL, NO_CHANGES, EngineError, NotSupportedError
from sandbox.engine.events import JsonLines, Listener, event_log
from sandbox.engine.invocation import Command, Entry, Invocation
from sandbox.engine.operations import Importing, Operation, Outcome, RunSettings
from sandbox.engine.policies import Pack
from sandbox.engine.project import select_stack
from sandbox.engine.stacks import Stack
from sandbox.engine.urns import Targets


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the four operations: the command, what history calls it, and how it is spoken of."""

    command: str
    history: str
    noun: str


UP = Kind("up", "update", "update")
PREVIEW = Kind("preview", "update", "preview")
REFRESH = Kind("refresh", "refresh", "refresh")
DESTROY = Kind("destroy", "destroy", "destroy")
# the flags of `pulumi COMMAND --help`, and the hidden ones; True: with a value
_EVERY = {
    **dict.fromkeys(("stack", "message", "parallel", "target", "exclude", "config", "config-file"), True),
    **dict.fromkeys(("event-log", "exec-kind", "exec-agent", "client"), True),
    **dict.fromkeys(("json", "diff", "debug", "target-dependents", "run-program", "config-path"), False),
    **dict.fromkeys(("suppress-outputs", "suppress-progress", "suppress-permalink"), False),
    **dict.fromkeys(("show-replacement-steps", "show-sames", "neo", "copilot"), False),
}
_CHANGING = {"yes": False, "skip-preview": False}
_PROGRAM = {
    **dict.fromkeys(("policy-pack", "policy-pack-config", "replace", "target-replace"), True),
    **dict.fromkeys(("refresh", "exclude-dependents", "expect-no-changes"), False),
    **dict.fromkeys(("show-config", "show-reads", "show-secrets", "show-full-output"), False),
}
FLAGS = {
    UP: {**_EVERY, **_CHANGING, **_PROGRAM, "continue-on-error": False},
    PREVIEW: {**_EVERY, **_PROGRAM},
    REFRESH: {
        **_EVERY,
        **_CHANGING,
        **dict.fromkeys(("preview-only", "exclude-dependents", "expect-no-changes", "clear-pending-creates"), False),
    },
    DESTROY: {
        **_EVERY,
        **_CHANGING,
        **dict.fromkeys(("preview-only", "exclude-protected", "continue-on-error", "refresh", "remove"), False),
        **dict.fromkeys(("show-config", "show-full-output"), False),
    },
}


def _entry(run: Command, kind: Kind) -> Entry:
    """The command with its own flags; those that only its sisters or `stack rm` have are unknown to it."""
    sisters = {flag for flags in FLAGS.values() for flag in flags}
    return Entry(run, FLAGS[kind], unknown=frozenset({*sisters, "preserve-config"} - set(FLAGS[kind])))


def _options(arguments: Arguments, kind: Kind, stack: Stack, *, preview: bool) -> Options:
    parallel = arguments.one("parallel")
    excludes = arguments.all("exclude")
    targets = arguments.all("target") + arguments.all("target-replace")
    if targets and excludes:
        message = "--target and --exclude flags are mutually exclusive"
        raise EngineError(message)
    refresh = arguments.has("refresh") or stack.project.data.get("options", {}).get("refresh") == "always"
    if "refresh" in arguments.flags and not arguments.has("refresh"):
        refresh = False
    return Options(
        preview=preview,
        parallel=int(parallel) if parallel else 16,
        refresh=refresh or kind is REFRESH,
        refresh_only=kind is REFRESH,
        destroy=kind is DESTROY,
        run_program=_run_program(arguments, stack),
        targets=Targets(targets),
        excludes=Targets(excludes),
        replace=Targets(arguments.all("replace") + arguments.all("target-replace")),
        target_dependents=arguments.has("target-dependents"),
        exclude_dependents=arguments.has("exclude-dependents"),
        continue_on_error=_continue_on_error(arguments, kind, stack),
        show_secrets=arguments.has("show-secrets"),
        debug=arguments.has("debug"),
    )


def _continue_on_error(arguments: Arguments, kind: Kind, stack: Stack) -> bool:
    if "continue-on-error" not in FLAGS[kind]:
        return False
    return arguments.has("continue-on-error") or stack.env.get("PULUMI_CONTINUE_ON_ERROR") == "true"


def _run_program(arguments: Arguments, stack: Stack) -> bool:
    if "run-program" in arguments.flags:
        return arguments.has("run-program")
    return stack.env.get("PULUMI_RUN_PROGRAM") == "true"


def _kept(stack: Stack) -> tuple[list[str], int]:
    """URNs of what a destroy must leave so that the protected, and what they need, stay; and how many resources go."""
    resources = stack.snapshot().resources
    graph = Graph(resources)
    kept: set[int] = set()
    for position, state in enumerate(resources):
        if state.protect:
            kept |= {position} | graph.all_dependencies_of(state)
    return [resources[position].urn for position in sorted(kept)], len(resources) - len(kept)


def _listeners(invocation: Invocation, arguments: Arguments, noun: str, *, preview: bool) -> list[Listener]:
    found: list[Listener] = []
    if arguments.one("event-log"):
        if invocation.env.get("PULUMI_DEBUG_COMMANDS") != "true":
            message = "unknown flag: --event-log"
            raise EngineError(message)
        target = arguments.one("event-log")
        found.append(event_log(target if target.startswith("tcp://") else str(invocation.cwd / target)))
    if arguments.has("json"):
        streaming = invocation.env.get("PULUMI_ENABLE_STREAMING_JSON_PREVIEW") in ("1", "true")
        if preview and not streaming:
            found.append(
                Digest(
                    invocation.print,
                    sames=arguments.has("show-sames"),
                    replacements=arguments.has("show-replacement-steps"),
                    outputs=not arguments.has("suppress-outputs"),
                )
            )
        else:
            found.append(JsonLines(invocation.print))
    else:
        found.append(Display(invocation, arguments, noun, preview=preview))
    return found


def _operate(invocation: Invocation, arguments: Arguments, kind: Kind, stack: Stack, *, preview: bool) -> Outcome:
    if kind is DESTROY and not arguments.has("run-program"):
        config = configuration.load(stack.project, stack.settings)
        configuration.merge_defaults(config, stack.project)
    else:
        config = configuration.validated(stack.project, stack.settings, stack.name, stack.crypter)
    packs = arguments.all("policy-pack")
    configs = arguments.all("policy-pack-config")
    if configs and len(configs) != len(packs):
        message = "the number of `--policy-pack-config` flags must match the number of `--policy-pack` flags"
        raise EngineError(message)
    options = _options(arguments, kind, stack, preview=preview)
    loaded = [Pack(invocation.cwd, pack, configs[i] if configs else "") for i, pack in enumerate(packs)]
    return run_operation(invocation, arguments, kind.history, stack, options, config, noun=kind.noun, packs=loaded)


def run_operation(  # noqa: PLR0917
    invocation: Invocation,
    arguments: Arguments,
    kind: str,
    stack: Stack,
    options: Options,
    config: configuration.Config,
    *,
    noun: str,
    packs: Sequence[Pack] = (),
    imports: Importing | None = None,
) -> Outcome:
    """Run an operation and tell its listeners; `kind` is what history calls it, `noun` what people do."""
    listeners = _listeners(invocation, arguments, noun, preview=options.preview)
    settings = RunSettings(
        env=invocation.env,
        launcher=invocation.launcher,
        kind=kind,
        message=arguments.one("message"),
        exec_kind=arguments.one("exec-kind") or "cli",
        client=arguments.one("client"),
        packs=list(packs),
        listeners=listeners,
        clear_pending=arguments.has("clear-pending-creates"),
        imports=imports,
    )
    operation = Operation(stack, options, settings, config)
    invocation.on_running(operation.cancel)
    try:
        return operation.execute()
    finally:
        for listener in listeners:
            listener.close()


def _run(invocation: Invocation, arguments: Arguments, kind: Kind) -> int:
    if arguments.words:
        feature = f"arguments of `pulumi {kind.command}`: {' '.join(arguments.words)}"
        raise NotSupportedError(feature)
    stack = invocation.stack(arguments)
    if stack.settings.text and not stack.settings.salt and stack.crypter.salt:
        stack.settings.set_salt(stack.crypter.salt)  # as the CLI does, so that the next secret has its key
    if arguments.all("config"):
        cmd_config.from_command_line(stack, arguments.all("config"), path=arguments.has("config-path"))
    only = kind is PREVIEW or arguments.has("preview-only")
    changing = not only
    if changing and not arguments.has("yes") and not arguments.has("skip-preview"):
        message = (
            "--yes or --skip-preview or --preview-only must be passed in to proceed when running in non-interactive "
            "mode"
        )
        raise EngineError(message, BAD_CALL)
    if arguments.has("exclude-protected"):
        if arguments.all("target"):
            message = "you cannot specify --target and --exclude-protected"
            raise EngineError(message)
        kept, going = _kept(stack)
        if kept and not going:
            invocation.print(
                "There were no unprotected resources to destroy. There are still "
                f"{len(kept)} protected resources associated with this stack."
            )
            return 0
        if kept:
            arguments.flags.setdefault("exclude", []).extend(kept)
    outcome = None
    if only or not arguments.has("skip-preview"):
        outcome = _operate(invocation, arguments, kind, stack, preview=True)
    if changing and (outcome is None or outcome.ok):
        outcome = _operate(invocation, arguments, kind, stack, preview=False)
    if outcome is not None and not outcome.ok:
        if outcome.error:
            raise EngineError(outcome.error)
        return 1
    if arguments.has("expect-no-changes") and outcome is not None and outcome.changed:
        message = f"no changes were expected for {kind.noun} but changes were proposed"
        raise EngineError(message, NO_CHANGES)
    if kind is DESTROY and changing:
        _after_destroy(invocation, arguments, stack)
    return 0


def _after_destroy(invocation: Invocation, arguments: Arguments, stack: Stack) -> None:
    if arguments.has("remove"):
        stack.backend.remove_stack(stack.project.name, stack.name)
        stack.settings.path.unlink(missing_ok=True)
        select_stack(stack.project, invocation.env, stack.backend.url, None)
        invocation.print("The resources in the stack have been deleted, and the history and configuration removed.")


def up(invocation: Invocation, arguments: Arguments) -> int:
    return _run(invocation, arguments, UP)


def preview(invocation: Invocation, arguments: Arguments) -> int:
    return _run(invocation, arguments, PREVIEW)


def refresh(invocation: Invocation, arguments: Arguments) -> int:
    return _run(invocation, arguments, REFRESH)


def destroy(invocation: Invocation, arguments: Arguments) -> int:
    return _run(invocation, arguments, DESTROY)


def cancel(invocation: Invocation, arguments: Arguments) -> int:
    name = invocation.stack_name(arguments.words[0] if arguments.words else arguments.one("stack"))
    stack = Stack.open(invocation.project, name, invocation.backend, invocation.env)
    stack.backend.cancel(stack.project.name, stack.name)
    invocation.print(f"The currently running update for '{name}' has been canceled!")
    return 0


COMMANDS = {
    ("up",): _entry(up, UP),
    ("update",): _entry(up, UP),
    ("preview",): _entry(preview, PREVIEW),
    ("refresh",): _entry(refresh, REFRESH),
    ("destroy",): _entry(destroy, DESTROY),
    ("cancel",): Entry(cancel, {"stack": True, "yes": False}, words=1),
}
