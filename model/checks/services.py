"""Services, their tiers, and what they use."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from model.durations import format_duration, quote
from model.mistakes import Mistake, listed
from model.plan import Plan
from model.routes import MOST_SERVICES, service_routes
from model.stores import ServerStore

from .common import part_names


def uses(plan: Plan) -> Iterator[Mistake]:
    parts = part_names(plan)
    for i, service in enumerate(plan.services):
        for j, used in enumerate(service.uses):
            if used not in parts:
                yield Mistake(f"services[{i}].uses[{j}]", f"{quote(used)} is no service and no store of this plan")
        for used, count in Counter(service.uses).items():
            if count > 1:
                yield Mistake(f"services[{i}].uses", f"{quote(used)} stands there {count} times")
    circle = cycle({service.name: service.uses for service in plan.services})
    if circle:
        place = next(i for i, service in enumerate(plan.services) if service.name == circle[0])
        yield Mistake(f"services[{place}].uses", f"a cycle: {' -> '.join(circle)}; none of them could start first")


def routes(plan: Plan) -> Iterator[Mistake]:
    """Each request has one service that it is for."""
    chosen = plan.traffic.default_service
    reached = [service.name for service in plan.services if service.front_door]
    if chosen is not None and chosen not in reached:
        said = f"there is {listed(reached)}" if reached else "no service is"
        yield Mistake("traffic.default_service", f"{quote(chosen)} is no service behind the front door; {said}")
    if len(reached) > MOST_SERVICES:
        yield Mistake("services", f"{len(reached)} are behind the front door, which leads to {MOST_SERVICES} at most")
    paths = {route.service: route.path for route in service_routes(plan)}
    for i, service in enumerate(plan.services):
        if service.path is not None and not service.front_door:
            yield Mistake(f"services[{i}].path", "no request reaches it: it says front_door: false")
    seen: dict[str, str] = {}
    for i, service in enumerate(plan.services):
        path = paths.get(service.name)
        if path is not None:
            other = next((seen[above] for above in _above(path) if above in seen), None)
            other = other or next((name for known, name in seen.items() if known.startswith(f"{path}/")), None)
            if other is not None:
                yield Mistake(
                    f"services[{i}].path", f"{quote(path)} and {quote(paths[other])} of {other} lie one in the other"
                )
            seen[path] = service.name


def _above(path: str) -> Iterator[str]:
    """A path and all that it lies in."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def replicas(plan: Plan) -> Iterator[Mistake]:
    for i, service in enumerate(plan.services):
        if service.replicas.warm > service.replicas.active:
            yield Mistake(
                f"services[{i}].replicas.warm",
                f"{service.replicas.warm} is more than the {service.replicas.active} of the active site",
            )


def tiers(plan: Plan) -> Iterator[Mistake]:
    known = {entry.tier for entry in plan.tiers}
    used = [(f"stores[{i}].tier", store.tier) for i, store in enumerate(plan.stores) if isinstance(store, ServerStore)]
    used += [(f"services[{i}].tier", entry.tier) for i, entry in enumerate(plan.services)]
    for place, tier in used:
        if tier not in known:
            yield Mistake(place, f"{tier} is not among tiers; there is {listed([str(one) for one in sorted(known)])}")
    ordered = sorted(plan.tiers, key=lambda entry: entry.tier)
    for earlier, later in pairwise(ordered):
        if later.max_downtime < earlier.max_downtime:
            place = f"tiers[{plan.tiers.index(later)}].max_downtime"
            yield Mistake(
                place,
                f"{format_duration(later.max_downtime)} is shorter than the {format_duration(earlier.max_downtime)} of "
                f"tier {earlier.tier}, which is recovered before it",
            )


def cycle(uses: dict[str, tuple[str, ...]]) -> list[str]:
    """One cycle as a path that ends where it began, or nothing. Without recursion: chains may be long."""
    done: set[str] = set()
    for start, first in uses.items():
        path: list[str] = []
        stack = [(start, iter(first))] if start not in done else []
        if stack:
            path.append(start)
        while stack:
            name, rest = stack[-1]
            following = next((used for used in rest if used in uses and used not in done), None)
            if following is None:
                done.add(name)
                path.pop()
                stack.pop()
            elif following in path:
                return [*path[path.index(following) :], following]
            else:
                path.append(following)
                stack.append((following, iter(uses[following])))
    return []
