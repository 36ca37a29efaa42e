"""Reads a file into a Plan, or raises a PlanError with every mistake in it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .checks import Check, contradictions
from .durations import quote
from .mistakes import Mistake, mistakes_of
from .plan import VERSION, Plan
from .yaml_document import DocumentError, read_document

PLANS = Path(__file__).resolve().parents[1] / "plans"


class PlanError(Exception):
    """
    A plan that cannot be used. `mistakes` holds all of them, `file` is the name to show for the plan.

    Its text has one line for each mistake: `plans/x.yaml: services[2].tier: is required`. Survives pickling, because
    durable steps store errors.
    """

    exit_code = 2
    hint = "correct the plan and run `dr plan check` again; plans/samia.yaml is a complete example"

    def __init__(self, file: str, mistakes: list[Mistake]) -> None:
        super().__init__(file, mistakes)
        self.file = file
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(f"{self.file}: {mistake}" for mistake in self.mistakes)


def load_plan(source: str | Path, *, also: Iterable[Check] = ()) -> Plan:
    """
    The plan of a file, or of a system by name (`samia` means `plans/samia.yaml` of the project).

    `also`: checks for gates alone (`expired_waivers`, `not_built`), which must never stop a failover. Raises PlanError,
    also when the file is not there or cannot be read.
    """
    path, shown = locate(source)
    try:
        document = read_document(path)
    except DocumentError as error:
        raise PlanError(shown, [Mistake("", str(error))]) from None
    plan = parse_plan(document, shown)
    mistakes = [mistake for check in also for mistake in check(plan)]
    if mistakes:
        raise PlanError(shown, mistakes)
    return plan


def parse_plan(document: Any, file: str) -> Plan:
    """The plan that a parsed document holds. Raises PlanError; `file` is the name used in it."""
    if not isinstance(document, dict):
        raise PlanError(file, [Mistake("", "holds no plan: expected a mapping with `version`, `system`, `sites` ...")])
    version = document.get("version")
    if "version" in document and (isinstance(version, bool) or version != VERSION):
        # Nothing else is judged: the keys of another version may well be right there.
        raise PlanError(
            file, [Mistake("version", f"{quote(version)} is not {VERSION}, the version this program reads")]
        )
    try:
        plan = Plan.model_validate(document)
    except ValidationError as error:
        raise PlanError(file, mistakes_of(error)) from None
    mistakes = contradictions(plan)
    if mistakes:
        raise PlanError(file, mistakes)
    return plan


def locate(source: str | Path) -> tuple[Path, str]:
    """The file of a plan, and the name to show for it; `source` is as for `load_plan`."""
    text = str(source)
    if isinstance(source, str) and "/" not in text and not text.endswith((".yaml", ".yml")):
        return PLANS / f"{text}.yaml", f"plans/{text}.yaml"
    return Path(source), text
