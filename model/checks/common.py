"""What several checks share: names that are there, and names that are there twice."""

from collections.abc import Iterable, Iterator, Sequence

from model.durations import quote
from model.mistakes import Mistake, listed
from model.plan import Plan


def site_names(plan: Plan) -> list[str]:
    return [site.name for site in plan.sites]


def part_names(plan: Plan) -> set[str]:
    return {store.name for store in plan.stores} | {service.name for service in plan.services}


def unknown_sites(known: list[str], place: str, used: Sequence[str], *, single: bool = False) -> Iterator[Mistake]:
    for i, name in enumerate(used):
        if name not in known:
            yield Mistake(
                place if single else f"{place}[{i}]", f"{quote(name)} is no site of this plan; there is {listed(known)}"
            )


def repeated(part: str, key: str, values: Iterable[object]) -> Iterator[Mistake]:
    first: dict[object, int] = {}
    for i, value in enumerate(values):
        if first.setdefault(value, i) != i:
            yield Mistake(f"{part}[{i}].{key}", f"{quote(value)} is already used by {part}[{first[value]}]")
