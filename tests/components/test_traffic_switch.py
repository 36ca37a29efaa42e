"""The chain of records, and what its health checks look for."""

from model import Topology, load_plan

from .declared import Declared, declared, of_type

PLAN = load_plan("samia")
SEEN = declared("traffic", Topology.initial(PLAN))


def records() -> dict[str, Declared]:
    return {each.name: each for each in of_type(SEEN, "Record")}


def kind(record: Declared) -> str:
    return str(record.inputs["failoverRoutingPolicies"][0]["type"])


def test_chain_leads_from_site_to_site_in_the_order_of_the_plan() -> None:
    chain = [(each.inputs["name"], kind(each), each.inputs["records"][0]) for each in records().values()]
    assert sorted(chain) == [
        ("api.samia-tarot.com", "PRIMARY", "primary.elb.amazonaws.com"),
        ("api.samia-tarot.com", "SECONDARY", "standby.api.samia-tarot.com"),
        ("standby.api.samia-tarot.com", "PRIMARY", "secondary.elb.amazonaws.com"),
        ("standby.api.samia-tarot.com", "SECONDARY", "tertiary.elb.amazonaws.com"),
    ]


def test_answers_live_as_long_as_the_plan_says() -> None:
    assert {each.inputs["ttl"] for each in records().values()} == {5}


def test_a_site_keeps_the_traffic_until_a_later_one_claims_it() -> None:
    checks = {each.name: each.inputs for each in of_type(SEEN, "HealthCheck")}
    assert checks["traffic-primary-keeps"]["childHealthchecks"] == [
        "traffic-secondary-unclaimed-id", "traffic-tertiary-unclaimed-id"
    ]  # fmt: skip
    assert checks["traffic-primary-keeps"]["childHealthThreshold"] == 2
    assert checks["traffic-secondary-keeps"]["childHealthchecks"] == ["traffic-tertiary-unclaimed-id"]
    claim = checks["traffic-secondary-unclaimed"]
    assert (claim["fqdn"], claim["resourcePath"], claim["type"]) == (
        "samia-secondary-recovery.s3.eu-west-1.amazonaws.com", "/claims/active", "HTTP"
    )  # fmt: skip
    # Inverted: there is no claim as long as nothing answers, so a claim that cannot be reached counts as none.
    assert claim["invertHealthcheck"] is True


def test_first_of_each_pair_is_checked_and_second_is_not() -> None:
    for record in records().values():
        assert ("healthCheckId" in record.inputs) == (kind(record) == "PRIMARY")
