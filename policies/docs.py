"""The documentation of the rules, one page each: `python policies/docs.py [folder]` writes them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.rules.kernel import Rule

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "docs" / "policies"
FAMILIES = {
    "ALM": "Alarms",
    "CAP": "Capacity of the recovery sites",
    "CPY": "Copies of backups",
    "DNS": "Traffic and detection",
    "GEO": "Geo-redundancy",
    "HAV": "Zones",
    "IMM": "Immutability and versions",
    "K8S": "Kubernetes and Velero",
    "KEY": "Keys and encryption",
    "PLN": "The plan and its waivers",
    "PRO": "Protection against deletion",
    "PUB": "Exposure",
    "REP": "Replicas",
    "RES": "Data residency",
    "RET": "Retention and point-in-time windows",
    "RPO": "Frequency of backups",
    "STA": "State and secrets of the infrastructure",
    "TLS": "Encryption in transit",
}


def page(rule: Rule) -> str:
    """The page of one rule, as markdown."""
    return "\n".join(_lines(rule)) + "\n"


def _lines(rule: Rule) -> Iterator[str]:
    yield from (f"# {rule.id}: {rule.title}", "")
    scope = "each resource by itself" if rule.scope == "resource" else "the stack as a whole"
    folder, _, file = rule.file.rpartition("/")
    yield f"Severity **{rule.severity}**, {rule.enforcement} unless configured otherwise. Looks at {scope}."
    yield f"The file is `{file}`, in the folder `policies/rules/{folder}`."
    yield from ("", rule.why, "", "## What to do", "", rule.remedy)
    if rule.fix:
        changes = ", ".join(f"`{path}: {value}`" for path, value in rule.fix.items())
        which = f" of {', '.join(f'`{token}`' for token in rule.fixes)}" if rule.fixes else ""
        yield from ("", f"With the enforcement level `remediate` the pack sets {changes}{which}.")
    if rule.types:
        yield from ("", "## Looks at", "", *(f"- `{token}`" for token in rule.types))
    if rule.reads:
        yield from ("", f"It also reads {', '.join(f'`{token}`' for token in rule.reads)}.")
    if rule.thresholds:
        yield from ("", "## Configuration", "", "| property | default | meaning |", "|---|---|---|")
        for threshold in rule.thresholds:
            default = "" if threshold.default is None else f"`{threshold.default}`"
            promise = f"; the plan's `{threshold.fact}` when stricter" if threshold.fact else ""
            yield f"| `{threshold.name}` | {default} | {threshold.meaning}{promise} |"
    if rule.needs:
        yield from ("", f"Applies only where DR-PLN-001 is told: {', '.join(f'`{name}`' for name in rule.needs)}.")
    if rule.serves:
        yield from ("", "## Serves", "", *(f"- {clause}" for clause in rule.serves))
    if rule.see:
        yield from ("", "## Similar rules elsewhere", "", *(f"- {other}" for other in rule.see))
    if rule.differs:
        yield from ("", rule.differs)


def index(rules: Sequence[Rule]) -> str:
    """The list of all rules, as markdown."""
    lines = [
        "# Rules of the policy pack",
        "",
        "Written by `python policies/docs.py` from the rules themselves. How to use the pack: `policies/README.md`.",
    ]
    for family, title in sorted(FAMILIES.items(), key=lambda item: item[1]):
        lines += ["", f"## {title}", "", "| rule | severity | what it asks for |", "|---|---|---|"]
        lines += [
            f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {rule.title} |" for rule in rules if rule.family == family
        ]
    return "\n".join(lines) + "\n"


def pages(rules: Sequence[Rule]) -> dict[str, str]:
    """File name to text of all pages, the list included."""
    return {"README.md": index(rules), **{f"{rule.id}.md": page(rule) for rule in rules}}


def main(folder: Path) -> None:
    """Writes all pages and removes those of rules that are gone."""
    sys.path.insert(0, str(HERE))
    from rules.kernel.registry import all_rules  # type: ignore[import-not-found] # noqa: PLC0415

    wanted = pages(all_rules())
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("DR-*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
