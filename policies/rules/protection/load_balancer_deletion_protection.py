"""Load balancers refuse to be deleted."""

from ..kernel import MEDIUM, Rule
from ..kernel.checks import is_true
from ..kernel.standards import DELETION

RULE = Rule(
    id="DR-PRO-003",
    title="Load balancers refuse to be deleted",
    severity=MEDIUM,
    types=("aws:lb/loadBalancer:LoadBalancer",),
    checks=(is_true("enableDeletionProtection"),),
    why="A new load balancer has a new name in the DNS: traffic records and allow lists of others point into nothing.",
    remedy="Set enableDeletionProtection to true.",
    fix={"enableDeletionProtection": True},
    serves=DELETION,
    see=("checkov CKV_AWS_150", "AWS Config ELB_DELETION_PROTECTION_ENABLED", "prowler elbv2_deletion_protection"),
)
