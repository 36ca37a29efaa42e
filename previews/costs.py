"""Monthly cost before and after, from a file of prices in the repository."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from previews import property_paths
from previews.changes import number, switched
from previews.posture import TableRow
from previews.previewed import Resource
from previews.sources import read_text
from scripts.core.errors import BadInput

Money = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PerUnit(_Strict):
    """So much for each unit of a numeric property, such as gigabytes."""

    path: str
    monthly: Money


class Price(_Strict):
    """The price of resources of a type whose inputs equal all of `match`; `doubled_by` is a switch."""

    type: str
    match: dict[str, str | float | bool] = Field(default_factory=dict)
    monthly: Money
    per: tuple[PerUnit, ...] = ()
    doubled_by: str | None = None


class Prices(_Strict):
    """A price file: where its figures come from and of which day stands in it."""

    version: Annotated[int, Field(ge=1, le=1)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    source: str
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    prices: tuple[Price, ...]

    def types(self) -> frozenset[str]:
        return frozenset(price.type for price in self.prices)


@dataclass(frozen=True, slots=True)
class Bill:
    """A month's sum, and how many of the resources of priced types found a price."""

    monthly: float
    priced: int
    unpriced: int


def load_prices(path: Path) -> Prices:
    """The prices of a file. Raises BadInput that names the file and the path inside it."""
    hint = "prices/example.yaml shows the format"
    try:
        document = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f": line {mark.line + 1}" if mark else ""
        raise BadInput(f"{path}{at}: is no YAML", hint) from None
    try:
        return Prices.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{path}: {where}: {first['msg']}", hint) from None


def bill(resources: Iterable[Resource], prices: Prices) -> Bill:
    """The first price of a type whose `match` holds counts."""
    by_type: dict[str, list[Price]] = {}
    for price in prices.prices:
        by_type.setdefault(price.type, []).append(price)
    total, priced, unpriced = 0.0, 0, 0
    for resource in resources:
        offers = by_type.get(resource.type)
        if offers is None:
            continue
        found = next((price for price in offers if _matches(price, resource.inputs or {})), None)
        if found is None:
            unpriced += 1
            continue
        priced += 1
        total += _monthly(found, resource.inputs or {})
    return Bill(total, priced, unpriced)


def _matches(price: Price, inputs: Mapping[str, Any]) -> bool:
    return all(property_paths.value_at(inputs, path) == wanted for path, wanted in price.match.items())


def _monthly(price: Price, inputs: Mapping[str, Any]) -> float:
    amount = price.monthly + sum(
        unit.monthly * max(number(property_paths.value_at(inputs, unit.path)) or 0.0, 0.0) for unit in price.per
    )
    doubled = price.doubled_by is not None and switched(property_paths.value_at(inputs, price.doubled_by)) is True
    return amount * 2 if doubled else amount


def cost_row(before: Bill, after: Bill, prices: Prices) -> TableRow | None:
    """One row, or None where nothing has a price. Cost says nothing about recovery, so it has no direction."""
    if not before.priced and not after.priced:
        return None
    difference = after.monthly - before.monthly
    sign = "+" if difference >= 0 else "-"
    note = f"{sign}{abs(difference):,.0f} {prices.currency}; prices of {prices.date}"
    if after.unpriced:
        note += f"; {after.unpriced} without a price"
    then, now = (f"{side.monthly:,.0f} {prices.currency}" for side in (before, after))
    return TableRow("Monthly cost", f"{after.priced} priced resources", then, now, None, note)
