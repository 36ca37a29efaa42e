"""
`dr journal`: the record of a run. `dr journal list` shows the runs, `dr journal verify` checks the chain of hashes, and
compares it with the heads that sites keep of it.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.core.errors import BadInput, DrError, OutcomeUnknown, Refused
from scripts.core.home import project_dir
from scripts.people.options import Format, plan_of
from scripts.people.output import Form, out, seconds, table, write_json
from scripts.runs import journal as journals
from scripts.runs import run_records, shared
from scripts.runs.parts import whole_of, with_parts

if TYPE_CHECKING:
    from scripts.runs.anchors import Anchored
    from scripts.runs.journal import Entry

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN] | list | verify [RUN]", help="a run (default: the newest); list; verify a run's record"
    ),
]


Hash = Annotated[
    str, typer.Option("--hash", help="with verify: the hash that was kept elsewhere; the record must hold it")
]


PlanOfRun = Annotated[
    str, typer.Option("--plan", envvar="DR_PLAN", help="with verify: the plan, whose sites keep the head of the record")
]


def journal(words: Words = None, *, kept: Hash = "", plan: PlanOfRun = "", form: Format = Form.TABLE) -> None:
    """Show the record of a run, also while it goes on; list the runs; verify a record."""
    words = list(words or ())
    action = words.pop(0) if words and words[0] in {"list", "verify"} else "show"
    if len(words) > (action != "list"):
        raise BadInput(
            f"{words[-1]!r} is one word too many", "`dr journal [RUN]`, `dr journal list`, `dr journal verify [RUN]`"
        )
    run = words[0] if words else None
    shared.pull()
    if action == "list":
        _list(form)
    elif action == "verify":
        _verify(run, kept, plan, form)
    else:
        _show(run, form)


def _list(form: Form) -> None:
    there = journals.runs()
    rows = [(run, *_summary(run)) for run in there if whole_of(run) == run]
    if form is Form.JSON:
        write_json([dict(zip(("run", "system", "status", "said"), row, strict=True)) for row in rows])
    else:
        out().print(table("Runs", ("run", "system", "status", "said"), rows))


def _summary(run: str) -> tuple[str, str, str]:
    """System, status and last word of a run; a damaged journal hides no other."""
    try:
        entries = [each for each in journals.read(journals.path_of(run), live=True) if each.kind in {"run", "end"}]
    except BadInput as error:
        return "-", "damaged", error.message
    if not entries:
        return "-", "not begun", ""
    system = str(entries[0].evidence.get("system", "-"))
    last = entries[-1]
    if last.kind == "end":
        return system, last.status, last.sentence
    return system, "at work, or cut off", "" if run_records.exists(run) else "cannot be resumed"


def _verify(run: str | None, kept: str, plan: str, form: Form) -> None:
    """
    Raises BadInput for a broken chain, JournalChanged where it is not what sites keep or does not hold the hash that
    was kept, OutcomeUnknown for a record without its end (the run goes on, was cut off, or its last entries were taken
    away) and for one whose end nothing vouches for.
    """
    path = journals.find(run)
    found, entries = journals.verify(path), list(journals.read(path))
    if kept and kept not in {entry.hash for entry in entries}:
        raise JournalChanged(f"{path.stem}: no entry has the hash {kept}")
    anchored, why_not = _anchored(entries, plan)
    if anchored is not None and anchored.changed:
        raise JournalChanged(f"{path.stem}: {anchored.changed}")
    vouched = kept == found.hash or (anchored is not None and anchored.up_to == found.entries - 1)
    if form is Form.JSON:
        told = {"run": path.stem, "entries": found.entries, "complete": found.complete, "hash": found.hash}
        write_json(told | {"anchored": vouched, "why_not_anchored": "" if vouched else why_not})
    else:
        said = "the chain holds" if found.complete else "the chain holds, and its end is missing"
        said += ", and is the one that was kept" if vouched else ""
        out().print(f"{path.stem}: {found.entries} entries, {said}\nhash {found.hash}", markup=False)
    if not found.complete:
        raise OutcomeUnknown(
            f"{path.stem}: the record has no end", "the run goes on, was cut off, or entries were taken away"
        )
    if not vouched:
        raise OutcomeUnknown(
            f"{path.stem}: the chain holds, and nothing vouches for it: {why_not}",
            "whoever can write the file can write such a chain; compare with a hash kept elsewhere: --hash HASH",
        )


def _anchored(entries: list[Entry], named: str) -> tuple[Anchored | None, str]:
    """What the sites of the run's plan keep of it, and why its end is not vouched for, where it is not."""
    from model import PlanError  # noqa: PLC0415 (pydantic is no need of --help)
    from scripts.clouds.access import Clouds  # noqa: PLC0415 (the SDK of a cloud is no need of `dr journal list`)
    from scripts.runs.anchors import compare  # noqa: PLC0415

    first = entries[0].evidence
    system = str(first.get("system") or "")
    name = named or str(first.get("plan") or system)
    if not PLAIN_NAME.fullmatch(name) and not named:
        return None, "the record names no plan; --plan says whose sites to ask"
    try:
        project_dir()  # a world that is named and not up must not lead to a real account
        plan = plan_of(name)
    except Refused as error:
        return None, error.message
    except PlanError:
        return None, f"the plan {name} cannot be read; --plan says whose sites to ask"
    if plan.system != system:
        return None, f"it is a record of {system or 'no system'}, and the plan is one of {plan.system}"
    clouds = Clouds(plan)
    found = compare(plan, clouds, entries[0].run, entries)
    clouds.close()
    silent = "; ".join(f"{site}: {said}" for site, said in found.silent.items())
    if found.up_to is None:
        return found, "no site keeps its head" + (f" ({silent})" if silent else "")
    return found, f"the sites vouch for it up to entry {found.up_to + 1}, of {len(entries)}"


PLAIN_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
"""A plan of the project. A path in a record could lead to a plan, and to sites, of whoever wrote the record."""


class JournalChanged(DrError):
    """The chain is whole and is not the one that was kept: somebody wrote it anew, or cut it."""

    default_hint = "keep the file as evidence; a copy may be in the store that DR_DATABASE_URL names"


def _show(run: str | None, form: Form) -> None:
    found = journals.find(run).stem
    found = found if run else whole_of(found)
    entries = with_parts(list(journals.read(journals.path_of(found), live=True)))
    if form is Form.JSON:
        write_json([as_json(entry) for entry in entries])
        return
    if not entries:
        out().print("nothing written yet", markup=False)
        return
    first = entries[0].at
    rows = [
        (
            seconds((entry.at - first).total_seconds()),
            entry.kind,
            entry.phase or "-",
            entry.status or "-",
            entry.sentence,
            "" if entry.seconds is None or entry.kind == "measure" else seconds(entry.seconds),
        )
        for entry in entries
    ]
    out().print(
        table(
            f"{found}, from {first:%Y-%m-%d %H:%M:%S} UTC",
            ("at", "kind", "phase", "status", "what", "took"),
            rows,
        )
    )


def as_json(entry: Entry) -> dict[str, Any]:
    """An entry as it stands in the file, with its times as times."""
    return dict(vars(entry))


if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["journal", *sys.argv[1:]]))
