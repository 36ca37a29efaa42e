"""
`dr sandbox up|down|status|env|break|heal`: the small real world on this machine, and how programs enter it.

Besides `scripts/stacks/stacks.py` and the drills the one place that knows the sandbox.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from scripts.core.errors import BadInput, DrError, Locked, Refused, ServiceFailed
from scripts.core.home import home as runs_home
from scripts.people.options import DEFAULT_PLAN, Format, PlanName
from scripts.people.output import Form, err, facts, out, table, write, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping, Sequence

    from sandbox.client import World

app = typer.Typer(help="A small real world on this machine: up, down, status, env, break, heal.", no_args_is_help=True)

Home = Annotated[
    Path | None, typer.Option("--home", envvar="DR_SANDBOX", help="the folder of the world (default: DR_HOME/sandbox)")
]


def world_home(home: Path | None) -> Path:
    return home or runs_home() / "sandbox"


def _attached(home: Path | None) -> World:
    from sandbox.client import World, WorldError  # noqa: PLC0415

    try:
        return World.attach(world_home(home))
    except WorldError as error:
        _raise(error)


def _raise(error: Any) -> NoReturn:
    """The world's own error as one of ours: it brings message, hint and code."""
    kinds: dict[int, type[DrError]] = {2: BadInput, 3: Refused, 4: Locked, 7: ServiceFailed}
    raise kinds.get(int(error.code), DrError)(str(error), str(error.hint)) from error


def enter(environ: MutableMapping[str, str] = os.environ) -> None:
    """
    DR_SANDBOX alone means the whole world: `environ` gets everything else that leads there, and loses what would lead
    to another world, to the checkout's own stacks or to a real account. Without DR_SANDBOX nothing is changed.

    Raises Refused when that world is not up.
    """
    named = environ.get("DR_SANDBOX")
    if not named:
        return
    from sandbox.client import World, WorldError, leading_elsewhere  # noqa: PLC0415

    try:
        found = World.attach(Path(named)).env()
    except WorldError as error:
        hint = "start it with `dr sandbox up`, or leave the sandbox: a new shell without DR_SANDBOX"
        raise Refused(f"DR_SANDBOX: {error}", hint) from error
    for name in leading_elsewhere(environ, found):
        del environ[name]
    environ.update(found)


@app.command()
def up(
    *,
    home: Home = None,
    plan: PlanName = DEFAULT_PLAN,
    port_base: Annotated[int | None, typer.Option(help="first port (default: a free block is found)")] = None,
    pace: Annotated[
        float, typer.Option(help="how many times faster the cloud's own waiting runs", min=1, max=1000)
    ] = 20.0,
    owner: Annotated[int | None, typer.Option(help="end the world when the process with this pid ends")] = None,
    form: Format = Form.TABLE,
) -> None:
    """Start the world; one that runs already is left as it is."""
    from sandbox.client import World, WorldError  # noqa: PLC0415

    place = world_home(home)
    try:
        world = World.up(place, plan, port_base=port_base, pace=pace, owner=owner)
    except WorldError as error:
        _raise(error)
    if form is Form.JSON:
        write_json({"home": str(world.home), "already_up": world.already_up})
        return
    out().print(f"The world {'was up already' if world.already_up else 'is up'} in {world.home}", markup=False)
    option = "" if home is None else f" --home {shlex.quote(str(home))}"
    err().print(f'enter it with: eval "$(dr sandbox env{option})"', markup=False)


@app.command()
def down(*, home: Home = None) -> None:
    """End the world and remove what it made. Done already when none is up."""
    from sandbox.client import World, WorldError  # noqa: PLC0415

    try:
        ended = World(world_home(home).resolve()).down()
    except WorldError as error:
        _raise(error)
    out().print("The world has ended" if ended else "No world was up", markup=False)


@app.command()
def status(*, home: Home = None, form: Format = Form.TABLE) -> None:
    """What is in the world: regions, databases, pods, faults."""
    from sandbox.client import WorldError  # noqa: PLC0415

    try:
        found = _attached(home).status()
    except WorldError as error:
        _raise(error)
    if form is Form.JSON:
        write_json(found)
        return
    show(found)


def show(found: Mapping[str, Any]) -> None:
    """The state of a world as tables for a person."""
    plain: dict[str, Any] = {}
    for name, value in found.items():
        rows = _rows(value)
        if rows is None:
            plain[name] = _cell(value)
        elif rows:
            columns = list(dict.fromkeys(key for row in rows for key in row))
            heads = [column.replace("_", " ") for column in columns]
            cells = [[_cell(row.get(key)) for key in columns] for row in rows]
            if len(columns) > WIDEST:  # too many to stand side by side: one below the other
                heads, cells = (
                    ["", *(row[0] for row in cells)],
                    [list(each) for each in zip(heads, *cells, strict=True)],
                )
            out().print(table(name.replace("_", " "), heads, cells))
        else:
            plain[name] = "none"
    out().print(facts({name.replace("_", " "): value for name, value in plain.items()}))


def _rows(value: Any) -> list[dict[str, Any]] | None:
    """A list of objects, or an object of objects, as rows of a table."""
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return value
    if isinstance(value, dict) and value and all(isinstance(each, dict) for each in value.values()):
        return [{"name": name, **each} for name, each in value.items()]
    return None


WIDEST = 8


def _cell(value: Any) -> str:
    """For a person: how many pods are ready, which backups there are, where something listens. JSON has all of it."""
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        if value.keys() == {"address", "port"}:
            return f"{value['address']}:{value['port']}"
        return ", ".join(f"{name} {each}" for name, each in value.items())
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        if all("ready" in each for each in value):
            return f"{sum(bool(each['ready']) for each in value)} of {len(value)} ready"
        return "\n".join(str(each.get("name", _cell(each))) for each in value)
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


@app.command()
def env(
    *,
    home: Home = None,
    stack: Annotated[str, typer.Option(help="as one who manages this stack (default: the first warm site's)")] = "",
    form: Format = Form.TABLE,
) -> None:
    """Print what leads a shell into the world: `eval "$(dr sandbox env)"`."""
    from sandbox.client import WorldError, leading_elsewhere  # noqa: PLC0415

    try:
        found = _attached(home).env(stack)
    except WorldError as error:
        _raise(error)
    if form is Form.JSON:
        write_raw_json(found)
        return
    write(exports(found, leading_elsewhere(os.environ, found)))


def write_raw_json(found: dict[str, str]) -> None:
    """Unmasked: the world's passwords are worth nothing outside it, and programs need them."""
    import json  # noqa: PLC0415

    write(json.dumps(found, indent=2))


NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def exports(found: Mapping[str, str], elsewhere: Iterable[str] = ()) -> str:
    """
    Shell text, safe to `eval` whatever the names and values are: an export for each variable, none of what leads
    elsewhere, and a `pulumi` that works on the world's copy
    of the project.
    """
    lines = [f"unset {name}" for name in elsewhere if NAME.fullmatch(name)]
    strange = [name for name in found if not NAME.fullmatch(name)]
    if strange:
        raise Refused(f"the world names a variable {strange[0]!r}", "this is not a world of dr: do not enter it")
    lines += [f"export {name}={shlex.quote(value)}" for name, value in sorted(found.items())]
    return "\n".join([*lines, 'pulumi() { command pulumi --cwd "$DR_PROJECT" "$@"; }'])


FAULT = typer.Argument(
    help="region, link, slow, health, control-plane, capacity, frozen, state, service, backup, disk or database"
)
WORDS = typer.Argument(metavar="[WORD]...", help="what it strikes: a region, two regions, a stack, a database ...")
LOOSE = {"ignore_unknown_options": True, "allow_extra_args": True}


@app.command("break", context_settings=LOOSE)
def break_(context: typer.Context, fault: Annotated[str, FAULT], *, home: Home = None) -> None:
    """
    Break something: region R [--hang] | link A B [--one-way] | slow A B --ms N | health NAME [--says X]
    | control-plane R | capacity R | frozen | service R NAME | state STACK | backup R NAME [--log] | disk R DATABASE
    | database NAME [--hang] [--standby].
    """
    from sandbox.client import WorldError  # noqa: PLC0415

    arguments = fault_arguments(fault, list(context.args))
    try:
        changed = _attached(home).break_(fault, **arguments)
    except WorldError as error:
        _raise(error)
    out().print("Broken" if changed else "It was broken already", markup=False)


@app.command(context_settings=LOOSE)
def heal(
    context: typer.Context,
    fault: Annotated[str | None, typer.Argument(help="a fault; all without")] = None,
    *,
    home: Home = None,
) -> None:
    """Mend everything, one kind of fault, or the one that the words name."""
    from sandbox.client import WorldError  # noqa: PLC0415

    arguments = fault_arguments(fault, list(context.args)) if fault else {}
    try:
        mended = _attached(home).heal(fault, **arguments)
    except WorldError as error:
        _raise(error)
    out().print(f"Mended {mended}" if mended else "Nothing was broken", markup=False)


def fault_arguments(fault: str, words: Sequence[str]) -> dict[str, Any]:
    """
    `["a", "b", "--one-way"]` for `link` -> {"a": "a", "b": "b", "one_way": True}. Raises BadInput for words that the
    fault does not have.
    """
    from sandbox.faults import KINDS  # noqa: PLC0415

    if fault not in KINDS:
        raise BadInput(f"there is no fault {fault!r}", f"there is {', '.join(KINDS)}")
    kind = KINDS[fault]
    form = " ".join(
        [fault, *(name.upper() for name in kind.strikes), *(f"[--{_dashed(name)}]" for name in kind.options)]
    )
    found: dict[str, Any] = {}
    left, strikes = list(words), list(kind.strikes)
    while left:
        word = left.pop(0)
        if not word.startswith("--"):
            if not strikes:
                raise BadInput(f"{word!r} is one word too many for {fault}", form)
            found[strikes.pop(0)] = word
            continue
        name, equals, value = word[2:].partition("=")
        key = name.replace("-", "_")
        if key not in kind.options:
            raise BadInput(f"{fault} has no option {word}", form)
        default = kind.options[key]
        if isinstance(default, bool):
            found[key] = True
            continue
        if not equals:
            if not left:
                raise BadInput(f"--{name} needs a value", form)
            value = left.pop(0)
        found[key] = _number(word, value, form) if isinstance(default, int) else value
    return found


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _number(option: str, value: str, form: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise BadInput(f"{option}: {value!r} is not a whole number", form) from error
