"""Finding the rules: every module under `rules` that has a RULE, or several in RULES."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from functools import cache

from .model import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """All rules, by id. Raises ValueError when two rules share an id."""
    package = importlib.import_module(__package__.rsplit(".", 1)[0])
    rules: dict[str, Rule] = {}
    for module_info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if ".kernel" in module_info.name or module_info.ispkg:
            continue
        module = importlib.import_module(module_info.name)
        for rule in (module.RULE,) if hasattr(module, "RULE") else module.RULES:
            if rule.id in rules:
                raise ValueError(f"two rules have the id {rule.id}: rename the one in {module_info.name}")
            rules[rule.id] = replace(rule, file=_file_of(module_info.name, package.__name__))
    return tuple(rules[rule_id] for rule_id in sorted(rules))


def _file_of(module: str, package: str) -> str:
    return f"{module.removeprefix(f'{package}.').replace('.', '/')}.py"
