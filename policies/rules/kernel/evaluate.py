"""Running rules over resources so that nothing one of them meets hides what another finds."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .context import Context, Facts, Stack
from .model import Check, Finding, Rule, Threshold
from .resource import Resource
from .values import Unknown, printable
from .waivers import Waiver, read_waivers, today

FACTS_RULE = "DR-PLN-001"
STACK_TYPE = "pulumi:pulumi:Stack"
LONGEST_SENTENCE = 600
_log = logging.getLogger(__name__)


@dataclass
class Settings:
    """The configuration of all rules, as one thing.

    per_rule: thresholds by rule id, over their defaults. facts: the configuration of DR-PLN-001, which all rules read.
    """

    per_rule: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.facts = Facts(self.per_rule.get(FACTS_RULE, {}))
        self.waivers, self.waiver_problems = read_waivers(self.facts.given.get("waivers"))
        self.today: date = today(self.facts.given.get("asOf"))

    def context(self, rule: Rule, stack: Stack) -> Context:
        given = self.per_rule.get(rule.id, {})
        return Context(
            {t.name: self._in_force(t, given.get(t.name, t.default)) for t in rule.thresholds}, self.facts, stack
        )

    def _in_force(self, threshold: Threshold, value: Any) -> Any:
        promised = self.facts.number(threshold.fact) if threshold.fact else None
        if promised is None or not isinstance(value, (int, float)):
            return value
        return max(promised, value) if threshold.stricter == "higher" else min(promised, value)

    def why_not_applicable(self, rule: Rule) -> str | None:
        missing = [name for name in rule.needs if not self.facts.has(name)]
        return f"the configuration of {FACTS_RULE} does not give {', '.join(missing)}" if missing else None

    def waiver(self, rule: Rule, urn: str) -> Waiver | None:
        for waiver in self.waivers:
            if waiver.expires >= self.today and waiver.covers(rule.id, urn):
                return waiver
        return None


class RuleSet:
    """The rules, indexed by what they look at: a resource meets only the rules of its type."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self.by_type: dict[str, list[Rule]] = {}
        for rule in self.rules:
            if rule.scope == "resource":
                for name in rule.types:
                    self.by_type.setdefault(name, []).append(rule)
        self.over_stack = tuple(rule for rule in self.rules if rule.scope == "stack")
        self.seen = seen_types(self.rules)

    def look_at(self, resource: Resource, settings: Settings) -> Iterator[Finding]:
        for rule in self.by_type.get(resource.type, ()):
            if settings.why_not_applicable(rule) is None:
                yield from run(rule, resource, settings, Stack())

    def look_at_stack(self, resources: Iterable[Resource], settings: Settings) -> Iterator[Finding]:
        stack = Stack(resources)
        for rule in self.over_stack:
            if settings.why_not_applicable(rule) is not None:
                continue
            for resource in subjects(rule, stack):
                yield from run(rule, resource, settings, stack)


def seen_types(rules: Iterable[Rule]) -> frozenset[str]:
    """The types that some rule looks at or asks about; what is none of them passes unseen."""
    return frozenset(token for rule in rules for token in (*rule.types, *rule.reads))


def subjects(rule: Rule, stack: Stack) -> list[Resource]:
    """The resources a stack rule is asked about; for one about the stack as a whole, the stack itself."""
    if rule.types:
        return stack.of(*rule.types)
    return stack.of(STACK_TYPE)[:1] or [Resource(STACK_TYPE, "", "the stack", dict)]


def run(rule: Rule, resource: Resource, settings: Settings, stack: Stack) -> Iterator[Finding]:
    context = settings.context(rule, stack)
    waiver = settings.waiver(rule, resource.urn)
    for check in rule.checks:
        yield from _run_check(rule, check, resource, context, waiver)


def without_secrets(sentence: str, secrets: set[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        sentence = sentence.replace(secret, "(secret)")
    return sentence


def _run_check(
    rule: Rule, check: Check, resource: Resource, context: Context, waiver: Waiver | None
) -> Iterator[Finding]:
    try:
        for plain_sentence in check(resource, context):
            sentence = printable(without_secrets(plain_sentence, resource.secrets), LONGEST_SENTENCE)
            if waiver:
                yield Finding(rule, resource.urn, "waived", f"{sentence} ({waiver.sentence()})")
            else:
                yield Finding(rule, resource.urn, "broken", sentence)
    except Unknown as error:
        text = f"{printable(error.path, LONGEST_SENTENCE)} is not known before the update: not checked"
        yield Finding(rule, resource.urn, "unknown", text)
    except Exception as error:  # noqa: BLE001 - see below
        # A defect of one rule must neither stop the update with a traceback nor hide the findings of the others.
        _log.exception("rule %s failed", rule.id)
        text = f"the rule itself failed ({type(error).__name__}): report this, and waive it for this resource"
        yield Finding(rule, resource.urn, "waived" if waiver else "failed", text)
