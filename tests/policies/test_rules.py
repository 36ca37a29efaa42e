"""Every rule through the real protocol: good, bad, absent, unknown and secret values."""

from __future__ import annotations

import re

import pytest

from scripts.packs.analyzer import PackProcess

from .scenes import Case, cases, definitions, findings_of


@pytest.mark.parametrize("case", list(cases()), ids=str)
def test_rule(pack: PackProcess, case: Case) -> None:
    found = findings_of(pack, case)
    if case.expect is None:
        assert not found, [finding.text for finding in found]
        return
    assert case.expect in {finding.kind for finding in found}, [finding.text for finding in found]
    assert any(case.says in finding.text for finding in found), [finding.text for finding in found]
    for finding in found:
        # Only what is broken stops an update.
        assert finding.level == ("mandatory" if finding.kind == "broken" else "advisory")
        if case.never_says:
            assert not re.search(rf"\b{re.escape(case.never_says)}\b", finding.text)


def test_every_rule_has_cases(pack: PackProcess) -> None:
    defined = definitions()
    assert {policy.name for policy in pack.info.policies} == set(defined)
    for rule, given in defined.items():
        assert any(definition["bad"] for definition in given), rule
        assert all(definition.get("matters") or definition.get("why_none") for definition in given), rule
