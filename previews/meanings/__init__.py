"""Which property of which resource type means what for recovery: the table that the analysis reads."""

from previews.meanings.aws.exposure import AWS_EXPOSURE, AWS_EXPOSURE_GUARDS
from previews.meanings.aws.properties import AWS, AWS_GUARDS, AWS_STORES
from previews.meanings.aws.services import AWS_SERVICE_GUARDS, AWS_SERVICES
from previews.meanings.azure import AZURE, AZURE_GUARDS, AZURE_STORES
from previews.meanings.gcp.exposure import GCP_EXPOSURE
from previews.meanings.gcp.properties import GCP, GCP_GUARDS, GCP_STORES
from previews.meanings.gcp.services import GCP_SERVICE_GUARDS, GCP_SERVICES
from previews.meanings.kubernetes.properties import KUBERNETES, KUBERNETES_GUARDS, KUBERNETES_STORES
from previews.meanings.others.properties import OTHERS
from previews.meanings.table import Guard, Meaning, StoreKind, normal_type

MEANINGS: dict[str, tuple[Meaning, ...]] = {}
for _meaning in (
    *AWS,
    *AWS_EXPOSURE,
    *AWS_SERVICES,
    *AZURE,
    *GCP,
    *GCP_EXPOSURE,
    *GCP_SERVICES,
    *KUBERNETES,
    *OTHERS,
):
    MEANINGS[_meaning.type] = (*MEANINGS.get(_meaning.type, ()), _meaning)

GUARDS: dict[str, Guard] = {
    guard.type: guard
    for guard in (
        *AWS_GUARDS,
        *AWS_EXPOSURE_GUARDS,
        *AWS_SERVICE_GUARDS,
        *AZURE_GUARDS,
        *GCP_GUARDS,
        *GCP_SERVICE_GUARDS,
        *KUBERNETES_GUARDS,
    )
}
STORES: dict[str, StoreKind] = {
    store.type: store for store in (*AWS_STORES, *AZURE_STORES, *GCP_STORES, *KUBERNETES_STORES)
}
RELEVANT_TYPES = frozenset(MEANINGS) | frozenset(GUARDS) | frozenset(STORES)

__all__ = ["GUARDS", "MEANINGS", "RELEVANT_TYPES", "STORES", "Guard", "Meaning", "StoreKind", "normal_type"]
