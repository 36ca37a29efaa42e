"""User directories, firewalls and domains are not lost by a wrong word."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Resource, Rule
from ..kernel.checks import is_one_of, is_true
from ..kernel.standards import DELETION, NIST_BOUNDARY


def kept(r: Resource, ctx: Context) -> Iterator[str]:
    for name in ("transferLock", "autoRenew"):
        yield from is_true(name, absent=True)(r, ctx)


RULES = (
    Rule(
        id="DR-PRO-014",
        title="Cognito user pools refuse to be deleted",
        severity=CRITICAL,
        types=("aws:cognito/userPool:UserPool",),
        checks=(is_one_of("deletionProtection", "ACTIVE"),),
        why="There is no backup of a user pool: passwords cannot be exported, and a replacement loses every user.",
        remedy="Set deletionProtection to ACTIVE.",
        fix={"deletionProtection": "ACTIVE"},
        serves=DELETION,
        see=("prowler cognito_user_pool_deletion_protection_enabled",),
    ),
    Rule(
        id="DR-PRO-015",
        title="Network firewalls refuse to be deleted",
        severity=HIGH,
        types=("aws:networkfirewall/firewall:Firewall",),
        checks=(is_true("deleteProtection"),),
        why="All traffic is routed through a firewall: without it the service is not reachable, or not guarded.",
        remedy="Set deleteProtection to true.",
        fix={"deleteProtection": True},
        serves=(*DELETION, NIST_BOUNDARY),
        see=(
            "checkov CKV_AWS_344",
            "prowler networkfirewall_deletion_protection",
            "AWS Config NETFW_DELETION_PROTECTION_ENABLED",
        ),
    ),
    Rule(
        id="DR-PRO-016",
        title="Registered domains are locked and renewed",
        severity=HIGH,
        types=("aws:route53domains/registeredDomain:RegisteredDomain",),
        checks=(kept,),
        why="Whoever takes the domain has the service, and its mail. Both are on unless told otherwise.",
        remedy="Leave transferLock and autoRenew out.",
        fix={"transferLock": True, "autoRenew": True},
        serves=DELETION,
        see=("checkov CKV_AWS_377", "prowler route53_domains_transferlock_enabled"),
    ),
)
