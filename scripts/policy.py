"""
`dr policy`: the rules of the policy pack, what one of them means, and what they say of stacks as they are.

The pack is asked over its own protocol, as Pulumi asks it: no program, provider or login is needed.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.core.errors import BadInput, Refused
from scripts.core.home import CHECKOUT
from scripts.core.text_files import read_text
from scripts.packs.analyzer import PackProcess, PackResource, PolicyFinding
from scripts.packs.facts import FACTS_RULE, facts_of
from scripts.packs.state_resources import read_state, resources_of
from scripts.people.options import DEFAULT_PLAN, Format
from scripts.people.output import Form, err, out, table, write, write_json

if TYPE_CHECKING:
    from model import Plan
    from policies.rules.kernel import Rule

PACK = CHECKOUT / "policies"
MOST_SHOWN = 12
ORDER = {"critical": 0, "high": 1, "medium": 2, "low": 3}


class FailOn(StrEnum):
    """From which level on a finding makes `dr policy check` end with 3."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"
    NEVER = "never"


@dataclass(frozen=True)
class Checked:
    """
    What the rules said. `left_out`: rule id to the reason why it did not apply. `unseen`: type to number of the
    resources that no rule looks at, those that hold data first; empty for a pack that does not say what it looks at.
    """

    resources: int
    rules: int
    findings: list[PolicyFinding]
    left_out: dict[str, str] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)

    def of(self, *kinds: str) -> list[PolicyFinding]:
        return [finding for finding in self.findings if finding.kind in kinds]

    @property
    def broken(self) -> list[PolicyFinding]:
        return self.of("broken", "failed")

    def why_not(self, fail_on: FailOn) -> str | None:
        """Why these stacks may not stay as they are, or None."""
        stopping = [finding for finding in self.broken if finding.stops or fail_on is FailOn.ADVISORY]
        if fail_on is FailOn.NEVER or not stopping:
            return None
        rules = sorted({finding.rule for finding in stopping})
        return f"{len(stopping)} finding(s) of {len(rules)} rule(s): {', '.join(rules[:8])}{' ...' * (len(rules) > 8)}"


def list_rules() -> list[Rule]:
    """All rules of the project's pack, by id."""
    from policies.rules.kernel.registry import all_rules  # noqa: PLC0415 - a hundred small files

    return list(all_rules())


def explain(rule_id: str) -> str:
    """The documentation page of a rule, as markdown. Raises BadInput for an id that no rule has."""
    from policies.docs import page  # noqa: PLC0415

    for rule in list_rules():
        if rule.id == rule_id.upper():
            return page(rule)
    raise BadInput(f"there is no rule {rule_id}", "`dr policy list` shows them all")


def configuration(
    environment: str = "", facts: Mapping[str, Any] | None = None, more: Path | None = None, pack: Path = PACK
) -> dict[str, Any]:
    """
    A configuration as `pulumi --policy-pack-config` takes it: the environment's thresholds, over them a file of one's
    own, and the plan's facts. Raises BadInput.
    """
    config: dict[str, Any] = {}
    files = [pack / f"config.{environment}.json"] if environment else []
    for path in files + ([more] if more else []):
        for name, given in _read_config(path).items():
            before = config.get(name)
            config[name] = {**before, **given} if isinstance(before, dict) and isinstance(given, dict) else given
    if facts:
        given = config.get(FACTS_RULE)
        config[FACTS_RULE] = {**facts, **(given if isinstance(given, dict) else {})}
    return config


def configuration_for(plan: Plan, stack: str) -> dict[str, Any]:
    """The configuration of the project's own pack for one stack of a plan: thresholds, promises, the site's role."""
    return configuration(_environment(plan), _facts(plan, [stack]))


def check(resources: Sequence[PackResource], config: Mapping[str, Any], pack: Path = PACK) -> Checked:
    """What all rules of a pack say of these resources. Raises BadInput and EngineFailed."""
    with PackProcess(pack) as process:
        process.configure(config)
        findings = process.analyze(resources)
        rules, left_out = len(process.info.policies), dict(process.not_applicable)
        seen = process.types()
    findings.sort(
        key=lambda finding: (finding.kind != "broken", ORDER.get(finding.severity, 9), finding.rule, finding.urn)
    )
    return Checked(len(resources), rules, findings, left_out, _unseen(resources, seen))


def _unseen(resources: Sequence[PackResource], seen: frozenset[str]) -> dict[str, int]:
    from policies.rules.kernel.spellings import plain_type  # noqa: PLC0415
    from policies.rules.kernel.stores import holds_data  # noqa: PLC0415

    if not seen:
        return {}
    # Components hold nothing of their own; the engine's types are no resources of a cloud.
    counted = Counter(plain_type(resource.type) for resource in resources if resource.custom)
    order = {"yes": 0, "likely": 1, "unknown": 2}
    unseen = {token: number for token, number in counted.items() if token not in seen and holds_data(token) != "no"}
    return dict(sorted(unseen.items(), key=lambda entry: (order[holds_data(entry[0])], entry[0])))


def _read_config(path: Path) -> dict[str, Any]:
    text = read_text(path, "environments are prod, staging and dev; policies/config.prod.json is a configuration")
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: is not JSON: {error}", "see policies/config.prod.json") from None
    if not isinstance(config, dict):
        raise BadInput(f"{path}: is not an object of rules", "see policies/config.prod.json")
    return config


def _facts(plan: Plan | None, stacks: Sequence[str]) -> dict[str, Any]:
    if plan is None:
        return {}
    from model.roles import role_of  # noqa: PLC0415
    from scripts.core.home import project_dir  # noqa: PLC0415
    from scripts.stacks import topology_files  # noqa: PLC0415

    if unknown := [stack for stack in stacks if stack not in plan.stacks]:
        raise BadInput(f"{unknown[0]!r} is not a stack of {plan.system}", f"there is {', '.join(plan.stacks)}")
    roles: dict[str, str] = {}
    provider = ""
    if stacks:
        topology = topology_files.read_topology(plan, project_dir())
        roles = {site.name: role_of(plan, topology, site.name) for site in plan.sites}
        given = topology_files.read_settings(project_dir(), stacks[0]).get("secretsprovider")
        provider = given if isinstance(given, str) else ""
    return facts_of(plan, stacks, roles=roles, secrets_provider=provider)


def _plan(name: str, stacks: Sequence[str]) -> Plan | None:
    """The plan by that name; the project's own where stacks are named without one."""
    from model import load_plan  # noqa: PLC0415 (pydantic is not needed for --help)
    from model.checks import expired_waivers  # noqa: PLC0415

    name = name or (DEFAULT_PLAN if stacks else "")
    return load_plan(name, also=[expired_waivers]) if name else None


app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check stacks against the policy pack.")
PlanOption = Annotated[
    str,
    typer.Option(
        "--plan",
        envvar="DR_PLAN",
        help=f"plan file or name: its promises and waivers count; {DEFAULT_PLAN} where no file is named",
    ),
]
StackOption = Annotated[list[str] | None, typer.Option(help="a stack of the plan; several are looked at as one")]
EnvironmentOption = Annotated[str, typer.Option(help="prod, staging or dev; the plan's own when left out")]
MoreOption = Annotated[Path | None, typer.Option("--config", help="more configuration, over the environment's")]


@app.command("list")
def list_command(form: Format = Form.TABLE) -> None:
    """Show all rules."""
    rules = list_rules()
    if form is Form.JSON:
        write_json([{"id": r.id, "severity": r.severity, "scope": r.scope, "title": r.title} for r in rules])
        return
    out().print(table("", ("rule", "severity", "what it asks for"), [(r.id, r.severity, r.title) for r in rules]))


@app.command("explain")
def explain_command(rule: Annotated[str, typer.Argument(help="such as DR-RET-001")]) -> None:
    """Show what a rule asks for, why, how to mend it, and which standards it serves."""
    write(explain(rule))


@app.command("config")
def config_command(
    plan: PlanOption = "",
    stack: StackOption = None,
    environment: EnvironmentOption = "",
    more: MoreOption = None,
) -> None:
    """Write a configuration for `pulumi up --policy-pack policies --policy-pack-config FILE`."""
    loaded = _plan(plan, stack or [])
    config = configuration(environment or _environment(loaded), _facts(loaded, stack or []), more)
    write(json.dumps(config, indent=2))  # not masked: it holds names of keys, and no key


@app.command("check")
def check_command(
    *,
    stack: StackOption = None,
    file: Annotated[list[Path] | None, typer.Option(help="a stack export; several are looked at as one")] = None,
    plan: PlanOption = "",
    environment: EnvironmentOption = "",
    more: MoreOption = None,
    pack: Annotated[Path, typer.Option(help="the folder of the policy pack")] = PACK,
    fail_on: Annotated[FailOn, typer.Option(help="end with 3 from this level on")] = FailOn.MANDATORY,
    form: Format = Form.TABLE,
) -> None:
    """
    Say what the rules find in stacks as they are: those that are named, else all of the plan. Ends with 3 when a
    mandatory rule is broken.
    """
    if not stack and not file:
        from model import load_plan  # noqa: PLC0415

        stack = [*load_plan(plan or DEFAULT_PLAN).stacks]
    loaded = _plan(plan, stack or [])
    resources = [resource for path in file or [] for resource in read_state(path)]
    resources += _exported(loaded, stack or [])
    named = stack or ([] if loaded is None or len(file or []) != 1 else _stack_of(loaded, resources))
    config = configuration(environment or _environment(loaded, pack), _facts(loaded, named), more, pack)
    checked = check(resources, config, pack)
    _show(checked, form)
    if (reason := checked.why_not(fail_on)) is not None:
        raise Refused(
            reason, f"`dr policy explain {checked.broken[0].rule}` says how to mend it; the plan holds waivers"
        )


def _environment(plan: Plan | None, pack: Path = PACK) -> str:
    """The plan's environment when the pack has thresholds for it, else production; nothing for a pack without any."""
    for name in (plan.environment if plan else "prod", "prod"):
        if (pack / f"config.{name}.json").is_file():
            return name
    return ""


def _exported(plan: Plan | None, stacks: Sequence[str]) -> list[PackResource]:
    if plan is None or not stacks:
        return []
    from scripts.stacks.stacks import Stacks  # noqa: PLC0415 - an engine is needed for nothing else here

    engine = Stacks(plan)
    states = {name: engine.export(name) for name in stacks}
    if missing := [name for name, state in states.items() if not state["deployment"]]:
        raise Refused(f"stack {missing[0]} was never made: there is nothing to check", "make it with `dr up`")
    return [resource for name, state in states.items() for resource in resources_of(state, f"stack {name}")]


def _stack_of(plan: Plan, resources: Sequence[PackResource]) -> list[str]:
    """The stack that the resources of a file belong to, where the plan has it."""
    names = {resource.urn.split("::")[0].removeprefix("urn:pulumi:") for resource in resources}
    return [name for name in plan.stacks if names == {name}]


def _show(checked: Checked, form: Form) -> None:
    if form is Form.JSON:
        write_json(
            {
                "resources": checked.resources,
                "rules": checked.rules,
                "findings": [finding.as_dict() for finding in checked.findings],
                "notApplicable": checked.left_out,
                "unseenTypes": checked.unseen,
            }
        )
        return
    rows = [
        (finding.severity, finding.level, finding.rule, finding.urn.rpartition("::")[2] or "the stack", finding.text)
        for finding in checked.broken
    ]
    if rows:
        out().print(table("Broken", ("severity", "level", "rule", "resource", "what is wrong"), rows))
    for kind, title in (("waived", "Waived"), ("unknown", "Not known")):
        others = [(finding.rule, finding.urn.rpartition("::")[2], finding.text) for finding in checked.of(kind)]
        if others:
            out().print(table(title, ("rule", "resource", kind), others))
    for reason in sorted(set(checked.left_out.values())):
        rules = sorted(rule for rule, why in checked.left_out.items() if why == reason)
        err().print(f"not applied: {', '.join(rules)}: {reason}", markup=False)
    if checked.unseen:
        shown = [f"{token} ({number})" for token, number in checked.unseen.items()]
        more = f" and {len(shown) - MOST_SHOWN} more types" if len(shown) > MOST_SHOWN else ""
        out().print(f"No rule looks at {', '.join(shown[:MOST_SHOWN])}{more}", markup=False)
    out().print(
        f"{checked.resources} resources, {checked.rules} rules: {len(checked.broken)} broken, "
        f"{len(checked.of('waived'))} waived, {len(checked.of('unknown'))} not known"
    )


if __name__ == "__main__":
    from scripts.dr import main

    sys.exit(main(["policy", *sys.argv[1:]]))
