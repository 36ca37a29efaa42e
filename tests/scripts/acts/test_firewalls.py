"""What is kept out is an address that somebody named, and never a good part of everybody."""

import pytest

from model import load_plan
from scripts.acts.firewalls import addresses, need_firewall
from scripts.core.errors import BadInput, Refused


def test_addresses_and_networks_are_written_as_networks_once_each() -> None:
    named = ["203.0.113.7", " 198.51.100.9/24", "203.0.113.7/32", "2001:db8::1"]
    assert addresses(named, "--block") == ["203.0.113.7/32", "198.51.100.0/24", "2001:db8::1/128"]


@pytest.mark.parametrize("wrong", ["", "nobody", "203.0.113.7/33", "203.0.113.7,203.0.113.8"])
def test_what_is_no_address_is_refused_with_what_was_written(wrong: str) -> None:
    with pytest.raises(BadInput, match="is no address and no network") as error:
        addresses([wrong], "--block")
    assert repr(wrong) in str(error.value)


@pytest.mark.parametrize("wide", ["0.0.0.0/0", "10.0.0.0/7", "::/0", "2001::/15"])
def test_a_network_that_holds_a_good_part_of_everybody_is_refused(wide: str) -> None:
    with pytest.raises(BadInput, match="would keep out too many"):
        addresses([wide], "--unblock")


def test_a_plan_without_a_firewall_is_told_how_to_get_one() -> None:
    need_firewall(load_plan("muejam"))
    with pytest.raises(Refused, match="declares no firewall") as error:
        need_firewall(load_plan("samia"))
    assert "firewall: true" in str(error.value.hint)


@pytest.mark.parametrize("mapped", ["::ffff:203.0.113.7", "::ffff:0:0/96"])
def test_an_address_that_would_keep_out_nobody_is_refused_with_how_it_is_written(mapped: str) -> None:
    with pytest.raises(BadInput, match="would keep out nobody"):
        addresses([mapped], "--block")
