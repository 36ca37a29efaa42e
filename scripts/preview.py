"""
`dr preview`: what a change does to recovery, from the previews of its stacks.

    dr preview prod=prod.events.json dr=dr.events.json --plan plans/samia.yaml --format markdown
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from previews import as_json, markdown, plaintext
from previews.analysis import Request, analyse, read_plan
from previews.document import compose
from previews.reading import named_files
from previews.report import Report
from previews.running import Packs, run_previews
from previews.sources import read_text
from scripts.core.errors import BadInput, Refused
from scripts.people.options import DEFAULT_PLAN

if TYPE_CHECKING:
    from previews.posting import Target


class Format(StrEnum):
    """How the report is written."""

    MARKDOWN = "markdown"
    JSON = "json"
    TEXT = "text"
    HTML = "html"


class Gate(StrEnum):
    """What makes `dr preview` end with 3."""

    WEAKER = "weaker"
    POLICY = "policy"
    STATEFUL_REPLACE = "stateful-replace"


def render(report: Report, form: Format) -> str:
    """The report in one format."""
    if form is Format.JSON:
        return as_json.render(report)
    document = compose(report)
    if form is Format.MARKDOWN:
        return markdown.render(document, report.project)
    if form is Format.TEXT:
        return plaintext.render(document)
    from previews import html  # noqa: PLC0415 - only a page needs the templates

    return html.render(document)


def why_not_merge(report: Report, gates: list[Gate]) -> str | None:
    """The reason why a gate refuses the change, or None. A preview that failed or was not understood passes no gate."""
    if gates and report.failed:
        return "a preview failed, so that the change cannot be judged"
    if gates and (line := next((line for line in report.stacks if line.doubts), None)) is not None:
        return f"of {line.stack} not all may be here: {line.doubts[0]}"
    if gates and report.unknown_steps:
        return f"{report.unknown_steps} steps have an operation that this version does not know"
    if Gate.WEAKER in gates and report.is_weaker:
        return "the change makes recovery weaker"
    if Gate.STATEFUL_REPLACE in gates and any(loss.destroys for loss in report.losses):
        return "the change deletes or replaces stateful resources"
    if Gate.POLICY in gates:
        if broken := [
            f for f in (*report.findings.new, *report.findings.unsure) if f.level in {"mandatory", "remediate"}
        ]:
            return f"the change breaks {len(broken)} mandatory rules"
        if without := [line.stack for line in report.stacks if not line.has_policies]:
            how = "a policy pack has to run with the preview, and its results are in the event log alone"
            return f"there are no policy results for {', '.join(without)}: {how}"
    return None


def preview(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="STACK=FILE: a preview digest or an event log. A stack's name alone, or nothing: run its preview",
            metavar="[STACK[=FILE]]...",
        ),
    ] = None,
    *,
    plan: Annotated[
        str,
        typer.Option(
            envvar="DR_PLAN",
            help=f"plan file, or the name of a plan of the project; {DEFAULT_PLAN} where previews are run",
        ),
    ] = "",
    base_plan: Annotated[str, typer.Option(help="the plan as it is on the branch to merge into")] = "",
    state: Annotated[list[str] | None, typer.Option(help="STACK=FILE: a stack export, for what a digest lacks")] = None,
    base: Annotated[list[str] | None, typer.Option(help="STACK=FILE: the preview of the branch to merge into")] = None,
    policy_pack: Annotated[list[Path] | None, typer.Option(help="a pack to check with when previews are run")] = None,
    policy_pack_config: Annotated[list[Path] | None, typer.Option(help="the configuration of each pack")] = None,
    prices: Annotated[Path | None, typer.Option(help="a file of monthly prices, as prices/example.yaml")] = None,
    drill: Annotated[list[Path] | None, typer.Option(help="JSON of a drill of this change; may be repeated")] = None,
    past_drills: Annotated[Path, typer.Option(help="folder with the records of drills")] = Path("docs/dr-tests"),
    changed: Annotated[
        Path | None,
        typer.Option(help="a list of the files of the change, one a line: which judge changes?"),
    ] = None,
    project: Annotated[str, typer.Option(help="the name in the comment and in its hidden marker")] = "",
    form: Annotated[Format, typer.Option("--format", help="how to write the report")] = Format.TEXT,
    fail_on: Annotated[list[Gate] | None, typer.Option(help="end with 3 when this is found; may be repeated")] = None,
    output: Annotated[Path | None, typer.Option(help="write there instead of standard output")] = None,
    logs: Annotated[Path | None, typer.Option(help="keep the event logs of previews that are run there")] = None,
    post: Annotated[str, typer.Option(help="OWNER/REPOSITORY#NUMBER: write the comment of a GitHub pull request")] = "",
    comment: Annotated[
        Path | None, typer.Option(help="with --post: a comment made before with --format markdown")
    ] = None,
) -> None:
    """
    Say what a change does to recovery, from previews of the Pulumi CLI or of the embedded engine.

    Ends with 3 when a --fail-on gate refuses the change; the report is written all the same.
    """
    target = _target(post) if post else None
    if comment is not None:
        _post_file(target, comment)
        return
    if not _are_files(files or []):
        plan = plan or DEFAULT_PLAN
    with ExitStack() as cleanup:
        request = Request(
            files=_previews(files or [], plan, Packs(policy_pack or [], policy_pack_config or []), logs, cleanup),
            states=named_files(state or []),
            base=named_files(base or []),
            plan=plan,
            base_plan=base_plan,
            project=project,
            prices=prices,
            drill_files=drill or [],
            past_drills=past_drills,
            changed=changed,
        )
        report = analyse(request)
    _write(render(report, form), output)
    if target is not None:
        _post(target, render(report, Format.MARKDOWN))
    if (reason := why_not_merge(report, fail_on or [])) is not None:
        raise Refused(reason, "the report says where; a reviewer may decide otherwise")


def _target(post: str) -> Target:
    from previews.posting import Target  # noqa: PLC0415 - only who posts needs an HTTP client

    return Target.parse(post)


def _post(target: Target, body: str) -> None:
    from previews import posting  # noqa: PLC0415 - as above

    typer.echo(f"comment {posting.post(target, body)}", err=True)


def _post_file(target: Target | None, comment: Path) -> None:
    if target is None:
        raise BadInput("--comment is given without --post", "say where: --post OWNER/REPOSITORY#NUMBER")
    _post(target, read_text(comment))


def _are_files(arguments: list[str]) -> bool:
    return any("=" in argument or Path(argument).is_file() for argument in arguments)


def _previews(arguments: list[str], plan: str, packs: Packs, logs: Path | None, cleanup: ExitStack) -> dict[str, Path]:
    """The files that are given; else the logs of previews that are run now, of the stacks named or of all."""
    if _are_files(arguments):
        return named_files(arguments)
    loaded = read_plan(plan)
    if logs is None:
        logs = Path(cleanup.enter_context(TemporaryDirectory(prefix="dr-preview-")))
    logs.mkdir(parents=True, exist_ok=True)
    return run_previews(loaded, arguments or loaded.stacks, logs.resolve(), packs)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{output}: cannot be written: {error.strerror}", "choose another --output") from None


app = typer.Typer(add_completion=False)
app.command()(preview)

if __name__ == "__main__":
    from scripts.dr import main

    sys.exit(main(["preview", *sys.argv[1:]]))
