"""Google Cloud: who is let in. Wire names of pulumi-gcp; defaults as its documentation gives them."""

from __future__ import annotations

from policies.rules.kernel.grants import ENTITIES, GRANTS, LISTS
from previews.meanings.table import Aspect, Better, Meaning

_BUCKET = "gcp:storage/bucket:Bucket"

GCP_EXPOSURE: tuple[Meaning, ...] = (
    *(
        Meaning(token, path, "who is let in", Aspect.EXPOSURE, Better.CLOSED)
        for tokens, paths in (
            (GRANTS, ("member", "members", "policyData")),
            (ENTITIES, ("entity",)),
            (LISTS, ("predefinedAcl", "roleEntities")),
        )
        for token in tokens
        for path in paths
    ),
    Meaning(
        _BUCKET,
        "publicAccessPrevention",
        "public access prevented",
        Aspect.EXPOSURE,
        Better.ORDER,
        default="inherited",
        order=("inherited", "enforced"),
    ),
)
