"""Whatever a file holds, the parser gives a plan or a PlanError that names the file; never anything else."""

import contextlib
import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model import Plan, PlanError, Topology, TopologyError, parse_plan
from model.durations import format_duration, parse_duration
from model.site_records import records_from_config
from model.yaml_document import DocumentError, parse_document
from scripts.runbooks.forecasts import forecast

from .conftest import SAMIA

DOCUMENT: dict[str, Any] = yaml.safe_load(SAMIA)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates(), st.binary(max_size=8),
    st.sampled_from(["5m", "0s", "1d", "core", "primary", "tertiary", "moon", "eu-west-1", "a\nb", "\u202e", "="]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a document."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


PLACES = places(DOCUMENT)


@st.composite
def changed_documents(draw: st.DrawFn) -> Any:
    """Samia's plan with one to four places changed, removed, or added to."""
    document = copy.deepcopy(DOCUMENT)
    for place in draw(st.lists(st.sampled_from(PLACES[1:]), min_size=1, max_size=4)):
        *parents, last = place
        inside: Any = document
        try:
            for part in parents:
                inside = inside[part]
            action = draw(st.sampled_from(["set", "remove", "add"]))
            if action == "remove":
                del inside[last]
            elif action == "add" and isinstance(inside, dict):
                inside[draw(st.text(max_size=8))] = draw(VALUES)
            else:
                inside[last] = draw(VALUES)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return document


def outcome(document: Any) -> Plan | None:
    try:
        return parse_plan(document, "x.yaml")
    except PlanError as error:
        lines = str(error).splitlines()
        assert lines
        assert all(line.startswith("x.yaml: ") and len(line) < 600 for line in lines)
        return None


@settings(max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(changed_documents())
def test_changed_plan_gives_a_plan_or_a_plan_error(document: Any) -> None:
    plan = outcome(document)
    if plan is not None:
        forecast(plan)
        Topology.initial(plan)
        assert plan.sites_by_stack[plan.primary.stack] == plan.primary


@settings(max_examples=200, deadline=None, database=None)
@given(VALUES)
def test_any_data_gives_a_plan_error(document: Any) -> None:
    assert outcome(document) is None


def read(data: bytes) -> Any:
    """The document; None where it was refused, as it may be."""
    with contextlib.suppress(DocumentError):
        return parse_document(data)
    return None


@settings(max_examples=300, deadline=None, database=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_data_or_a_document_error(data: bytes) -> None:
    read(data)


@settings(max_examples=300, deadline=None, database=None)
@given(st.data())
def test_damaged_text_gives_data_or_a_document_error(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SAMIA)))
    end = data.draw(st.integers(start, min(len(SAMIA), start + 200)))
    noise = data.draw(st.text(alphabet="abc:-[]{}&*!|>'\"#%@`,?\n \t\\0123456789", max_size=30))
    text = SAMIA[:start] + noise + SAMIA[end:]
    outcome(read(text.encode()))


@given(st.integers(0, 3660 * 86_400 * 1000 // 10))
def test_duration_that_is_written_is_read_back(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    if milliseconds < 10**9 or milliseconds % 1000 == 0:
        assert parse_duration(format_duration(duration)) == duration


@settings(max_examples=200, deadline=None, database=None)
@given(
    st.dictionaries(st.sampled_from(["activeSite", "epoch", "stores", "backupsOf", "other"]), VALUES, max_size=5),
    VALUES,
)
def test_any_config_gives_a_topology_or_a_topology_error(config: dict[str, Any], records: Any) -> None:
    for attempt in (lambda: Topology.from_config(config), lambda: records_from_config(records)):
        said = refusal(attempt)
        assert said is None or all(line.startswith("dr:") for line in said.splitlines())


def refusal(attempt: Callable[[], object]) -> str | None:
    try:
        attempt()
    except TopologyError as error:
        return str(error)
    return None
