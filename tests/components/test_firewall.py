"""What stands before a front door: as the plan says, and with sets that no update of a stack empties."""

from model import Topology, load_plan

from .declared import declared, of_type, records_of

PLAN = load_plan("muejam")
INITIAL = Topology.initial(PLAN)


def test_every_site_of_a_plan_that_asks_for_one_has_a_firewall_before_its_front_door() -> None:
    for stack in ("muejam-prod", "muejam-dr"):
        seen = declared(stack, INITIAL, plan="muejam", records=records_of(PLAN))
        (acl,) = of_type(seen, "WebAcl")
        rules = {rule["name"]: rule for rule in acl.inputs["rules"]}
        assert sorted(rules) == ["keep-out-ipv4", "keep-out-ipv6"]
        assert all("block" in rule["action"] for rule in rules.values())
        assert "allow" in acl.inputs["defaultAction"]
        assert len(of_type(seen, "WebAclAssociation")) == 1


def test_whom_it_keeps_out_is_no_part_of_the_code() -> None:
    sets = of_type(declared("muejam-prod", INITIAL, plan="muejam", records=records_of(PLAN)), "IpSet")
    assert sorted(each.inputs["ipAddressVersion"] for each in sets) == ["IPV4", "IPV6"]
    assert [each.ignored for each in sets] == [("addresses",), ("addresses",)]


def test_a_plan_that_asks_for_none_has_none() -> None:
    assert of_type(declared("prod", Topology.initial(load_plan("samia"))), "WebAcl") == []
