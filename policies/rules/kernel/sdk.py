"""The rules as policies of the SDK, for packs of your own: `PolicyPack("mine", as_policies(all_rules()) + [...])`.

Slower than this pack's own server and with the SDK's limits: a waived finding is left out (a report of the SDK cannot
have a level of its own), and secrets cannot be told from other values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pulumi_policy as sdk
from pulumi_policy.deserialize import serialize_properties

from .context import Stack
from .evaluate import FACTS_RULE, RuleSet, Settings, run, subjects
from .model import Finding, Rule
from .resource import Resource, plain_type


class _Configuration:
    """Collects what the SDK tells each policy of its own configuration, for the rules that read another's."""

    def __init__(self) -> None:
        self.per_rule: dict[str, Mapping[str, Any]] = {}
        self.settings = Settings()

    def learn(self, rule: Rule, config: Mapping[str, Any]) -> Settings:
        if self.per_rule.get(rule.id, {}) != config:
            self.per_rule[rule.id] = dict(config)
            self.settings = Settings(dict(self.per_rule))
        return self.settings


def as_policies(rules: Iterable[Rule]) -> list[Any]:
    """One SDK policy for each rule. The rule with the plan's facts comes first: the others read its configuration."""
    ordered = sorted(rules, key=lambda rule: (rule.id != FACTS_RULE, rule.id))
    configuration = _Configuration()
    return [_policy(rule, configuration) for rule in ordered]


def _policy(rule: Rule, configuration: _Configuration) -> Any:
    described: dict[str, Any] = {
        "name": rule.id,
        "description": rule.title,
        "display_name": rule.title,
        "enforcement_level": sdk.EnforcementLevel(rule.enforcement),
        "severity": sdk.Severity(rule.severity),
        "remediation_steps": rule.remedy,
        "config_schema": sdk.PolicyConfigSchema(rule.config_schema()) if rule.thresholds else None,
    }
    if rule.scope == "stack":
        return sdk.StackValidationPolicy(validate=_stack_check(rule, configuration), **described)
    return sdk.ResourceValidationPolicy(validate=_resource_check(rule, configuration), **described)


def _resource_check(rule: Rule, configuration: _Configuration) -> Callable[..., None]:
    one = RuleSet([rule])

    def validate(args: Any, report: Callable[..., None]) -> None:
        settings = configuration.learn(rule, args.get_config() or {})
        if plain_type(args.resource_type) in one.by_type:
            _tell(one.look_at(_resource(args), settings), report)

    return validate


def _stack_check(rule: Rule, configuration: _Configuration) -> Callable[..., None]:
    def validate(args: Any, report: Callable[..., None]) -> None:
        settings = configuration.learn(rule, args.get_config() or {})
        stack = Stack(_resource(resource) for resource in args.resources)
        if settings.why_not_applicable(rule) is None:
            for resource in subjects(rule, stack):
                _tell(run(rule, resource, settings, stack), report)

    return validate


def _tell(findings: Iterator[Finding], report: Callable[..., None]) -> None:
    for finding in findings:
        if finding.kind != "waived":
            report(finding.text if finding.kind == "broken" else f"{finding.kind}: {finding.text}", finding.urn)


def _resource(args: Any) -> Resource:
    dependencies = getattr(args, "property_dependencies", None)
    parent = getattr(args, "parent", None)
    return Resource(
        type=plain_type(args.resource_type),
        urn=args.urn,
        name=args.name,
        read=lambda: serialize_properties(args.props),
        read_provider=lambda: serialize_properties(args.provider.props) if args.provider else {},
        protect=args.opts.protect,
        ignore_changes=args.opts.ignore_changes,
        parent=parent.urn if parent else "",
        property_dependencies=(
            {key: [other.urn for other in others] for key, others in dependencies.items()} if dependencies else None
        ),
        token=args.resource_type,
    )
