"""A deleted secret can be had back."""

from ..kernel import MEDIUM, Rule, days
from ..kernel.checks import at_least
from ..kernel.standards import DELETION

RULE = Rule(
    id="DR-RET-019",
    title="A deleted secret can be had back",
    severity=MEDIUM,
    types=("aws:secretsmanager/secret:Secret",),
    checks=(at_least("recoveryWindowInDays", "minDays", absent=30),),
    thresholds=(days("minDays", 7, "how long a deleted secret can be had back"),),
    why="With 0 a secret and its replicas are gone at once, and with them the service's way to its database.",
    remedy="Leave recoveryWindowInDays out (30) or set 7 to 30.",
    fix={"recoveryWindowInDays": "$minDays"},
    serves=DELETION,
)
