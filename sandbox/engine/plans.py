"""Plans: steps to run for a request, and what a run has met so far."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.engine import urns
from sandbox.engine.goals import Alias, Goal
from sandbox.engine.steps import Step
from sandbox.engine.values import Secret

Continue = Callable[[Step], "Plan"]


@dataclass(slots=True)
class Plan:
    """Steps to run, and what to plan once they are done, if they do not settle the matter."""

    steps: list[Step]
    then: Continue | None = None


@dataclass(slots=True)
class Seen:
    """The URNs that this run has met, by what it decided."""

    urns: set[str] = field(default_factory=set)
    creates: set[str] = field(default_factory=set)
    updates: set[str] = field(default_factory=set)
    deletes: set[str] = field(default_factory=set)
    replaces: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    sames: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    refreshes: set[str] = field(default_factory=set)
    aliased: dict[str, str] = field(default_factory=dict)  # old URN -> new URN
    aliases: dict[str, str] = field(default_factory=dict)  # new URN -> old URN

    def operated_on(self, urn: str) -> bool:
        urn = self.aliased.get(urn, urn)
        return any(urn in s for s in (self.sames, self.updates, self.replaces, self.reads, self.refreshes))

    def has_step(self, urn: str) -> bool:
        return any(urn in s for s in (self.creates, self.sames, self.updates, self.deletes, self.replaces, self.reads))


def alias_urns(seen: Seen, goal: Goal, stack: str, project: str) -> list[str]:
    """Every URN that a resource may have had: by its own aliases, and by those of its parent."""
    own = [_alias_urn(seen, goal, alias, stack, project) for alias in goal.aliases]
    found = dict.fromkeys(own)
    old_parent = seen.aliases.get(goal.parent)
    if old_parent:
        name = urns.name_of(goal.parent)

        def inherited(type_: str, child: str) -> str:
            if child.startswith(name):
                child = urns.name_of(old_parent) + child[len(name) :]
            return urns.make(stack, project, urns.parse(old_parent).qualified, type_, child)

        found[inherited(goal.type, goal.name)] = None
        found |= dict.fromkeys(inherited(urns.type_of(urn), urns.name_of(urn)) for urn in own)
    return list(found)


def _alias_urn(seen: Seen, goal: Goal, alias: Alias, stack: str, project: str) -> str:
    if alias.urn:
        return alias.urn
    parent = seen.aliases.get(alias.parent, alias.parent) if alias.parent else goal.parent
    if alias.no_parent:
        parent = ""
    return urns.make(
        alias.stack or stack,
        alias.project or project,
        urns.parent_type_of(parent),
        alias.type or goal.type,
        alias.name or goal.name,
    )


def shown(value: object) -> str:
    """A value as messages show it: in braces, secrets hidden."""
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, bool):
        return "{true}" if value else "{false}"
    if isinstance(value, dict):
        return "{map[" + " ".join(f"{k}:{shown(v)}" for k, v in sorted(value.items())) + "]}"
    if isinstance(value, list):
        return "{[" + " ".join(shown(v) for v in value) + "]}"
    return "{<nil>}" if value is None else "{" + str(value) + "}"
