"""Resource policies of keys, secrets, queues, vaults and file systems let in whom they name, and somebody."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Resource, Rule
from ..kernel.buckets import POLICY as BUCKET_POLICY
from ..kernel.resource_policies import POLICIES, closed_to_all, opened, policy_of
from ..kernel.standards import BACKUP, GDPR_ENCRYPTION, NIST_BOUNDARY
from ..kernel.values import printable


def closed(r: Resource, ctx: Context) -> Iterator[str]:
    for resource in dict.fromkeys(opened(r)):
        yield f"{policy_of(r).path} lets everybody in to {printable(resource)}"


def usable(r: Resource, ctx: Context) -> Iterator[str]:
    action = closed_to_all(r)
    if action is not None:
        yield f"{policy_of(r).path} leaves {action} to nobody"


RULES = (
    Rule(
        id="DR-PUB-009",
        title="Resource policies let in only whom they name",
        severity=CRITICAL,
        types=tuple(token for token in POLICIES if token != BUCKET_POLICY),
        checks=(closed,),
        why="A key, a secret or a vault of backups that everybody may use is as good as open data.",
        remedy=(
            "Name accounts or roles as Principal, or pin the callers with a condition on aws:PrincipalOrgID, "
            "aws:SourceArn or aws:SourceAccount."
        ),
        serves=(NIST_BOUNDARY, GDPR_ENCRYPTION),
        see=("checkov CKV_AWS_33", "checkov CKV_AWS_168", "checkov CKV_AWS_169", "checkov CKV_AWS_32"),
        differs=(
            "The checks of the peer pass a policy that cannot be read, and some of them any condition; this rule takes "
            "the first for open, and of conditions those that pin the caller."
        ),
    ),
    Rule(
        id="DR-PUB-010",
        title="Resource policies leave what a recovery needs to somebody",
        severity=HIGH,
        types=tuple(POLICIES),
        checks=(usable,),
        why=(
            "A Deny for everybody counts for administrators too: the data is there and nobody can restore, read or "
            "decrypt it. Of a key nobody can take it back."
        ),
        remedy=(
            "Give the Deny a condition or a NotPrincipal, or take the action out of it. In the policy of a key, allow "
            "the account kms:*."
        ),
        serves=BACKUP,
    ),
)
