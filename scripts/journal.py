"""
`dr journal`: the record of a run. `dr journal list` shows the runs, `dr journal verify` checks the chain of hashes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.core.errors import BadInput, DrError, OutcomeUnknown
from scripts.people.options import Format
from scripts.people.output import Form, out, seconds, table, write_json
from scripts.runs import journal as journals
from scripts.runs import run_records, shared
from scripts.runs.parts import whole_of, with_parts

if TYPE_CHECKING:
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


def journal(words: Words = None, *, kept: Hash = "", form: Format = Form.TABLE) -> None:
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
        _verify(run, kept, form)
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


def _verify(run: str | None, kept: str, form: Form) -> None:
    """
    Raises BadInput for a broken chain, JournalChanged where it does not hold the hash that was kept, OutcomeUnknown for
    a record without its end: the run goes on, was cut off, or its last entries were taken away.
    """
    path = journals.find(run)
    found = journals.verify(path)
    if kept and kept not in {entry.hash for entry in journals.read(path)}:
        raise JournalChanged(f"{path.stem}: no entry has the hash {kept}")
    if form is Form.JSON:
        write_json({"run": path.stem, "entries": found.entries, "complete": found.complete, "hash": found.hash})
    else:
        said = "the chain holds" if found.complete else "the chain holds, and its end is missing"
        out().print(f"{path.stem}: {found.entries} entries, {said}\nhash {found.hash}", markup=False)
    if not found.complete:
        raise OutcomeUnknown(
            f"{path.stem}: the record has no end", "the run goes on, was cut off, or entries were taken away"
        )


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
