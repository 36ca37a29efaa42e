"""Whatever a plan is called, the names that are made of it are ones that Azure takes, and no two are the same."""

import re

from hypothesis import given
from hypothesis import strategies as st

from model import Plan, load_plan
from model.clouds import azure

COMET = load_plan("comet")
name = st.from_regex(r"[a-z][a-z0-9]{0,7}(-[a-z0-9]{1,6}){0,1}", fullmatch=True)


def called(system: str, site: str) -> Plan:
    sites = (COMET.sites[0].model_copy(update={"name": site}), *COMET.sites[1:])
    return COMET.model_copy(update={"system": system, "sites": sites})


@given(system=name, site=name, part=name)
def test_every_name_has_the_form_that_is_asked_for(system: str, site: str, part: str) -> None:
    plan = called(system, site)
    assert re.fullmatch(r"[a-z0-9]{3,24}", azure.storage_account(plan, site, f"{part}xx"))
    assert re.fullmatch(r"(?!.*--)[a-z][a-z0-9-]{1,22}[a-z0-9]", azure.vault(plan, site, part))
    assert re.fullmatch(r"[a-z0-9]{5,50}", azure.registry(plan, f"{part}xxxx"))
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]", azure.app(plan, site, part))
    assert re.fullmatch(r"[a-z0-9-]{1,63}", azure.profile(plan, child=site))
    assert re.fullmatch(r"[a-z0-9-]{1,90}", azure.resource_group(plan, site))


def test_what_was_shortened_is_still_its_own() -> None:
    plan = called("a-long-system-name", "secondary")
    kinds = (azure.vault, azure.storage_account, azure.app)
    for of in kinds:
        found = {of(plan, site, part) for site in ("secondary", "tertiary") for part in ("recovery", "recoveries")}
        assert len(found) == 4


def test_a_short_name_is_said_in_full() -> None:
    assert azure.storage_account(COMET, "primary", "recovery") == "cometprimaryrecovery"
    assert azure.vault(COMET, "primary", "logins") == "comet-primary-logins"
    assert azure.profile(COMET) == "comet"
