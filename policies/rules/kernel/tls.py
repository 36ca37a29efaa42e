"""The oldest version of TLS that a security policy of Elastic Load Balancing accepts."""

from __future__ import annotations

import re

# Elastic Load Balancing user guides, "Security policies for your load balancer". A policy's name says the oldest
# version that it accepts; those that say none are from before TLS 1.3.
_NAMED = re.compile(r"^ELBSecurityPolicy-(?:TLS13|TLS|FS)-1-([0-3])(?:-|$)")
_WITHOUT_VERSION = {
    "ELBSecurityPolicy-2016-08": 0,
    "ELBSecurityPolicy-2015-05": 0,
    "ELBSecurityPolicy-2015-03": 0,
    "ELBSecurityPolicy-2015-02": 0,
    "ELBSecurityPolicy-2014-10": 0,
    "ELBSecurityPolicy-2014-01": 0,
    "ELBSecurityPolicy-2011-08": 0,
    "ELBSecurityPolicy-FS-2018-06": 0,
    "ELBSecurityPolicy-TLS13-1-0-2021-06": 0,
}


def oldest_tls(policy: str) -> int | None:
    """The minor version (2 for TLS 1.2); None for a policy that nobody knows."""
    if policy in _WITHOUT_VERSION:
        return _WITHOUT_VERSION[policy]
    match = _NAMED.match(policy)
    return int(match[1]) if match else None
