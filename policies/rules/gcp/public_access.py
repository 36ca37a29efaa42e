"""Buckets, keys, secrets, topics and images of Google Cloud are open to nobody in particular, not to everybody."""

from collections.abc import Iterator

from ..kernel import CRITICAL, Context, Resource, Rule
from ..kernel.access import is_everybody
from ..kernel.grants import ENTITIES, GRANTS, LISTS, members_of
from ..kernel.standards import GDPR_ENCRYPTION, NIST_BOUNDARY
from ..kernel.values import Node, printable

BUCKET = "gcp:storage/bucket:Bucket"


def _named(r: Resource) -> Iterator[Node]:
    """Whom a grant names, in each of its forms."""
    yield from (r["member"], r["entity"], r["predefinedAcl"])
    yield from r["members"].items() if isinstance(r["members"].raw, list) else ()
    yield from r["roleEntities"].items() if isinstance(r["roleEntities"].raw, list) else ()
    yield from members_of(r["policyData"])


def closed(r: Resource, ctx: Context) -> Iterator[str]:
    if r.type in (*ENTITIES, *LISTS) or "/bucketIAM" in r.type:
        bucket = ctx.stack.target((BUCKET,), r, "bucket")
        if bucket is not None and (bucket["publicAccessPrevention"].text() or "").lower() == "enforced":
            return
    for node in _named(r):
        who = node.text() or ""
        if is_everybody(who):
            yield f"{node.path} is {printable(who)}"


RULE = Rule(
    id="DR-PUB-011",
    title="Stores, keys and secrets of Google Cloud are not open to everybody",
    severity=CRITICAL,
    types=(*GRANTS, *ENTITIES, *LISTS),
    scope="stack",
    checks=(closed,),
    why="A bucket of backups that is open is the whole database, open.",
    remedy="Name accounts or groups, and set publicAccessPrevention of the bucket to enforced.",
    serves=(NIST_BOUNDARY, GDPR_ENCRYPTION),
    see=(
        "checkov CKV_GCP_28",
        "checkov CKV_GCP_112",
        "checkov CKV_GCP_100",
        "prowler cloudstorage_bucket_public_access",
    ),
    reads=(BUCKET,),
)
