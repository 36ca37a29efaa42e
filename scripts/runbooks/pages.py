"""
The runbooks as pages for a person, made from the tables that run: `docs/runbooks`.

`python -m scripts.runbooks.pages` (or `make docs`) writes them for the plan that the sandbox rehearses; a test holds
them equal to the tables.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from model.forecast import span
from scripts.runbooks.tables import table
from scripts.runs.runbook import CHANGES_NOTHING, Does, Options

if TYPE_CHECKING:
    from model import Plan
    from scripts.runs.runbook import Row

PLAN = "samia"
FOLDER = Path(__file__).resolve().parents[2] / "docs" / "runbooks"
MADE = "<!-- Made from scripts/runbooks by `make docs`: change the tables, not this page. -->"


@dataclass(frozen=True)
class Page:
    """
    One runbook as a person needs it. `see` is what they see that calls for it, `unless` what they should rule out
    first. `disasters` are those of the plan that it answers; `command` is what they type, with `{to}` for the site.
    """

    name: str
    title: str
    see: str
    when: str
    unless: tuple[str, ...]
    command: str
    to: str
    disasters: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    asked: str = ""
    """What the operator must know before they type the command."""


NEEDS_WARM = ("failover", "switchover", "reprotect")
"""Pages of what only a plan with a warm site can do."""


def pages(plan: Plan) -> tuple[Page, ...]:
    """In the order in which an operator would think of them."""
    home = plan.primary.name
    cold = plan.cold.name if plan.cold else home
    warm = next((site.name for site in plan.sites if site.kind == "warm"), cold)
    again = f"When {home} answers again: [fail back](failback.md)."
    known = (
        Page(
            "failover", f"Fail over to {warm}", f"Nothing in {home} answers: no front door, no database",
            "The active site is lost or cut off, and a warm site takes over. The lost site is asked nothing.",
            (
                "Only the database is down? See [database failover](database_failover.md).",
                f"{home} answers, and you want to leave it? See [planned switch](switchover.md).",
                f"{warm} is lost as well? See [activate the cold site](activate_cold.md).",
                f"Somebody was inside {home}? See [compromise](compromise.md): {warm} has copied what they did.",
            ),
            "dr failover --to {to}", warm, ("regional_outage",), (again, f"Until then {warm} runs without a copy."),
            "A writer lease decides: as long as the old site renews it, the failover is refused. If the witness is "
            'gone too and you know that the old writer is down, say how: `--override-fencing "powered off by NAME"`.',
        ),
        Page(
            "activate_cold", f"Activate the cold site {cold}", "Primary and warm site are both gone",
            f"Nothing runs in {cold}; it is built from the newest backup that lies there.",
            (
                f"{warm} answers? A [failover](failover.md) to it is quicker and loses less.",
                "Somebody was inside? See [compromise](compromise.md): the newest backup holds what they did.",
            ),
            "dr failover --to {to}", cold, ("multi_region_outage", "provider_outage"), (again,),
            "The age of the newest backup is shown before you are asked. If it is more than the objective allows, the "
            "run is refused until you accept the loss by name: `--accept-data-loss 2h`.",
        ),
        Page(
            "database_failover", "Fail a database over to its standby", "The database is down, the site is well",
            "The node of a database failed; its standby in the same region takes over. Neither site nor epoch changes.",
            (
                "`dr watch` may be at it already, where the plan calls this automatic: look at `dr journal list`.",
                "The data is wrong rather than gone? See [restore](restore.md): a standby has the same data.",
            ),
            "dr watch --once", home, ("database_failure", "zone_outage"), (),
            "It looks from several places, acts once when enough of them agree, and ends. It does not act where the "
            "region itself may be lost: then see [failover](failover.md).",
        ),
        Page(
            "restore", "Take the data back to before the damage", "The data is wrong: a bad migration, a bad delete",
            "The active site lives and its data is damaged; its databases are taken back to a moment before, in place.",
            (
                "You cannot say when it began? Find out first: everything written after the moment is given up.",
                "Somebody was inside? See [compromise](compromise.md).",
            ),
            "dr restore --to-time 2026-01-31T12:00:00+00:00", home, ("database_corruption",),
            (
                "The warm sites are re-protected by the same command, one after the other.",
                "`dr divergence show` lists what was given up, row by row; `dr divergence export --to DIR` saves it.",
            ),
            "Give the moment just before the damage, with its zone. Writes stop when the run begins to act. Where one "
            "store of several is damaged, `--store NAME` takes back that one alone; the others go on taking writes.",
        ),
        Page(
            "contain", "Contain a breach where the service runs", "Somebody has a key, a password or a session",
            "Keys, passwords and sessions of the active site are made worthless; the service goes on there.",
            (
                f"They may have changed machines or images? See [compromise](compromise.md): {cold} is built clean.",
            ),
            "dr contain", home, ("compromise",) if plan.stays_in("compromise") else (),
            (
                "What is left as it is stands in the last row: it has to be closed by somebody else.",
                "Rows of the assessment lie under DR_HOME/breaches, for nobody else to read.",
            ),
            "Agent and services start anew, so there is an outage as long as that. `--since` and `--until` bound what "
            "the plan's `audit` is asked about; `--assess` asks it alone. `--clean-before TIME` takes the data back as "
            "well, as [restore](restore.md) does.",
        ),
        Page(
            "compromise", f"Leave a compromised site for {cold}", "Somebody else had their hands in it",
            f"The active site is closed and kept as evidence; the service is built anew in {cold} from the last clean "
            "state, with credentials that nobody has seen.",
            (
                "Only a key, a password or a session was stolen? See [contain](contain.md): the service stays.",
                "It is an outage and nobody was inside? See [failover](failover.md): it loses far less.",
            ),
            "dr compromise --clean-before 2026-01-31T12:00:00+00:00", cold, ("compromise",),
            (
                'When a closed site is known to be clean: `dr reprotect --site SITE --declared-clean "how you know"`.',
            ),
            "Give the last moment at which the data can be trusted. Do not log in to the compromised site first: what "
            "you change there is evidence.",
        ),
        Page(
            "switchover", "Planned switch", "Nothing is wrong, and the service has to move",
            "The old site is alive and hands over: nothing is lost.",
            ("The old site does not answer? It cannot hand over: see [failover](failover.md).",),
            "dr failover --planned --to {to}", warm, (),
            (f"`dr reprotect --site {home}` if the old site was rebuilt meanwhile; [failback](failback.md) returns.",),
        ),
        Page(
            "reopen", "Give a service back to its site", "A move broke off, and nobody takes writes",
            "The site that was to be left is opened again, because no other site was opened yet: it holds every row.",
            (
                "The site that was to take over is well? `dr resume` finishes the move.",
                "The site that was to be left does not answer? See [failover](failover.md).",
            ),
            "dr failover --to {to}", home, (), (f"If {warm} was promoted in vain: [re-protect](reprotect.md) it.",),
            "`dr status` says which site this is. If the other site was opened already and is lost since, what it took "
            "meanwhile is lost, and has to be accepted by name: `--accept-data-loss 10s`.",
        ),
        Page(
            "reprotect", "Rebuild a site that was left behind", "`dr status` calls a site fenced",
            "A lost site cannot follow again by itself: a new copy is built beside the old one, and the old one goes "
            "last, after what only it holds has been counted.",
            (
                "It was found compromised? It needs `--declared-clean` and the reason why it is.",
                "Shall one of its stores follow again before the others? `--store NAME` rebuilds that one alone.",
            ),
            "dr reprotect --site {to}", home, (), (),
            "Where the old copy holds anything that the active one lacks, the run is refused and changes nothing. Look "
            "with `dr divergence show`, bring over what is needed (`dr divergence export --to DIR`), then give up the "
            "rest by its number: `--give-up-differences 53`. What cannot be counted is named with what is in the way; "
            "where that cannot be helped: `--give-up-old-copy`.",
        ),
        Page(
            "recover", "Recover one service", "One service does not answer, its site and its databases are well",
            "One service fails. The ladder is climbed, each rung verified before the next, up to the first that helps.",
            (
                "Its database is down? See [database failover](database_failover.md).",
                "It is bad since the last deployment, and you are sure? See [rollback](rollback.md): it is quicker.",
                f"Nothing in {home} answers? See [failover](failover.md).",
            ),
            "dr recover SERVICE", home, ("application_failure",),
            (
                "Where a rollback helped, the stack still declares the newer version: mend or pin it in the plan.",
                "Where more copies helped, the plan still says fewer: write it there.",
                "Where it had to be made anew, what was done to it past its stack is gone: `dr preview` shows nothing.",
                f"Where nothing helped (exit code 9): `dr failover --to {warm}`.",
            ),
            "`--from rollback` leaves out the rungs before, `--within 2m` bounds each of them. The page shows the "
            "table for the plan's first service.",
        ),
        Page(
            "rollback", "Take a service back to an earlier version", "It is bad since the last deployment",
            "A version of one service is bad, and an earlier one is still kept: that one runs again.",
            (
                "You do not know what is wrong with it? `dr status` says which services answer.",
                "The data was spoilt by the bad version? See [restore](restore.md) as well.",
            ),
            "dr rollback SERVICE", home, (),
            ("Pin in the plan what now runs, or mend it there: the stack still declares the newer version.",),
            "`dr rollback SERVICE --list` shows the versions, `--to VERSION` names one. The page shows the table for "
            "the plan's first service. A hook `roll_back_migration` of the service runs first; when it fails, nothing "
            "is rolled back.",
        ),
        Page(
            "stand_down", f"Let {cold} be cold again", f"The service has left {cold}, which still runs",
            "What was built for its time as the active site is let go; its backups stay.",
            (f"{cold} is active? [Fail back](failback.md) first; that does this as its last part.",),
            "dr failback", cold,
        ),
        Page(
            "open", "Open a service that was just deployed", "`dr up` has just made the stacks for the first time",
            "Until it is opened its databases accept no writes. `dr up` does this by itself.",
            ("It was open before? Then never: only the first lease is given without evidence.",),
            "dr up", home,
        ),
    )  # fmt: skip
    return known if plan.warm else tuple(each for each in known if each.name not in NEEDS_WARM)


def write(plan: Plan, folder: Path) -> list[Path]:
    """Write every page; gives their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts(plan).items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def texts(plan: Plan) -> dict[str, str]:
    """The pages by their file's name."""
    found = {f"{page.name}.md": _text(_page(plan, page)) for page in pages(plan)}
    found = {"README.md": _text(_index(plan)), "failback.md": _text(_failback(plan)), **found}
    # Without a warm site the cold one is what the service fails over to.
    return found if plan.warm else {name: _without_warm(text) for name, text in found.items()}


def linked(text: str) -> list[str]:
    """The other pages that a page leads to."""
    return re.findall(r"\]\(([a-z_]+\.md)\)", text)


def _without_warm(text: str) -> str:
    for page in NEEDS_WARM:
        text = text.replace(f"({page}.md)", "(activate_cold.md)")
    return text


def _text(lines: Iterable[str]) -> str:
    """Never two blank lines in a row, and one newline at the end."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _index(plan: Plan) -> Iterator[str]:
    yield from (MADE, "", f"# Runbooks of {plan.system}", "")
    yield "Look first, in this order; none of these changes anything:"
    yield from ("", "```", "dr status          # who is active, what answers, how far copies are behind")
    yield from ("dr journal list    # is somebody at work already?", "```", "")
    yield "| What you see | Runbook |"
    yield "|---|---|"
    for page in pages(plan):
        yield f"| {page.see} | [{page.title}]({page.name}.md) |"
    yield "| The lost site is back, and the service should return | [Fail back](failback.md) |"
    yield from ("", "## If a run stops", "")
    yield from _if_it_stops()


def _page(plan: Plan, page: Page) -> Iterator[str]:
    runbook = table(page.name, plan, Options(to=page.to))
    command = page.command.format(to=page.to)
    yield from (MADE, "", f"# {page.title}", "", f"**When:** {page.when}", "")
    for unless in page.unless:
        yield f"- {unless}"
    yield from ("", "## Do this", "", "```")
    can_be_shown = command.startswith(
        (
            "dr failover",
            "dr restore",
            "dr compromise",
            "dr reprotect",
            "dr failback",
            "dr rollback",
            "dr recover",
            "dr contain",
        )
    )
    if can_be_shown:
        yield f"{command} --dry-run    # what would be done, and what is at stake now; changes nothing"
    yield from (command, "```", "")
    if page.asked:
        yield from (page.asked, "")
    yield from _promised(plan, page)
    yield from ("## What it does", "")
    yield from _steps(runbook.waves())
    yield from ("", "## Afterwards", "", "```")
    yield from (
        "dr status     # who is active now, and whether it writes",
        "dr report     # what it took and what it cost",
    )
    yield from ("```", "")
    for line in page.after:
        yield f"- {line}"
    if page.after:
        yield ""
    yield from ("## If it stops", "")
    yield from _if_it_stops()


def _promised(plan: Plan, page: Page) -> Iterator[str]:
    promises = [each for each in plan.objectives if each.disaster in page.disasters and not each.component]
    if not promises:
        return
    yield from ("## What is promised, and who says yes", "")
    yield "| Disaster | Back within | Lost at most | Who must agree | Begins |"
    yield "|---|---|---|---|---|"
    begins = {"automatic": "by itself (`dr watch`)", "partial": "by a person's yes", "manual": "by people"}
    for each in promises:
        people = max(1, dict(plan.approvals).get(each.disaster, 1))
        agree = "you" if people == 1 else f"{people} people: `--approved-by NAME` for each of the others"
        times = f"{span(each.rto.total_seconds())} | {span(each.rpo.total_seconds())}"
        yield f"| {each.disaster.replace('_', ' ')} | {times} | {agree} | {begins[each.automation]} |"
    yield ""
    if plan.escalation:
        told = "; ".join(
            f"after {span(each.after.total_seconds())} {', '.join(role.replace('_', ' ') for role in each.notify)}"
            for each in plan.escalation
        )
        yield from (f"Told by itself: {told}.", "")


def _steps(waves: list[tuple[Row, ...]]) -> Iterator[str]:
    beyond = False
    for number, wave in enumerate(waves, start=1):
        if not beyond and any(row.point_of_no_return for row in wave):
            beyond = True
            yield from ("", "> **Point of no return.** From the next step on there is no way back, only onwards.", "")
        if len(wave) > 1:
            yield from (f"{number}. Side by side:", "")
            yield from (f"    - {_step(row)}" for row in wave)
            yield ""
        else:
            yield f"{number}. {_step(wave[0])}"


def _step(row: Row) -> str:
    after = f" (after {', '.join(name.replace('_', ' ').replace(':', ' ') for name in row.after)})" if row.after else ""
    if row.does is Does.MEASURE:
        way_back = "Changes nothing, and stops nothing: what cannot be counted is named as unknown."
    elif row.does in CHANGES_NOTHING and not row.undo:
        way_back = "Changes nothing."
    else:
        way_back = f"Undo: {row.undo}." if row.undo else f"No undo: {row.why_no_undo}."
    retried = f" Tried up to {row.attempts} times." if row.attempts > 1 else ""
    return f"**{row.sentence}**{after}. {way_back}{retried}"


def _failback(plan: Plan) -> Iterator[str]:
    home = plan.primary.name
    yield from (MADE, "", "# Fail back", "")
    yield f"**When:** {home} is back, and the service should return to it without losing a write."
    yield from ("", "## Do this", "", "```")
    yield "dr failback --dry-run    # the parts that are still to be done; changes nothing"
    yield from ("dr failback", "```", "", "## What it does", "")
    yield f"1. [Rebuild {home}](reprotect.md) as a copy of the active site, where it was left behind."
    yield f"2. [Switch to {home}](switchover.md), planned: nothing is lost."
    yield "3. [Rebuild](reprotect.md) every other site that is to follow it."
    yield "4. [Let the cold site be cold again](stand_down.md), where it was activated."
    yield from ("", "What is done already is left out, so the command can be repeated.", "")
    yield "It is one run to you: `dr journal` and `dr report` show all its parts."
    yield f"Where only the old copy in {home} holds something, it is refused before anything is built: look with"
    yield "`dr divergence show`, then give it up by its number: `dr failback --give-up-differences 53`."
    yield from ("", "## If it stops", "")
    yield from _if_it_stops()


def _if_it_stops() -> Iterator[str]:
    yield "The last two lines say what is wrong and what to do next. `dr resume` goes on where it stopped: what is done"
    yield "stays done, and every step can be repeated. By exit code:"
    yield ""
    yield "| Code | What it means | What you do |"
    yield "|---|---|---|"
    yield "| 3 | refused, nothing was changed | read the hint: it names the reason, or what has to be typed |"
    yield "| 4 | somebody else is at work | `dr journal` shows what they do; do not begin a second run |"
    yield "| 5 | too few people agreed | `--approved-by NAME`, once for each of the others |"
    yield "| 6 | the Pulumi engine failed | `dr preview STACK` shows why; then `dr resume` |"
    yield "| 7 | a database or a cloud failed | `dr status`, then `dr resume` |"
    yield "| 8 | the result is unknown | look with `dr status` before anything else; then `dr resume` |"
    yield "| 9 | done, and an objective was missed | nothing to repair; `dr report` shows where the time went |"
    yield ""


def main(arguments: list[str]) -> int:
    """Write the pages of a plan (the reference plan without a name), and say which."""
    from model import load_plan  # noqa: PLC0415

    for path in write(load_plan(arguments[0] if arguments else PLAN), FOLDER):
        print(path.relative_to(FOLDER.parents[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
