"""How AWS names things of ours from elsewhere: ARNs, host names and aliases, worked out from the plan alone."""

from typing import TYPE_CHECKING

from model import names

if TYPE_CHECKING:
    from model import Plan


def database_arn(plan: "Plan", site: str, store: str, incarnation: int) -> str:
    """How a site in another region names a database (RDS: cross-region replicas take the ARN of their source)."""
    where = plan.site(site)
    return f"arn:aws:rds:{where.region}:{where.account}:db:{names.store_identifier(plan, site, store, incarnation)}"


def vault_arn(plan: "Plan", site: str) -> str:
    where = plan.site(site)
    return f"arn:aws:backup:{where.region}:{where.account}:backup-vault:{names.vault(plan, site)}"


def bucket_host(plan: "Plan", site: str, store: str) -> str:
    """The host name under which a site's bucket answers plain HTTP."""
    return f"{names.bucket(plan, site, store)}.s3.{plan.site(site).region}.amazonaws.com"


def registry_host(plan: "Plan", site: str) -> str:
    """The account's registry of images in the site's own region: images must not come from a lost one."""
    where = plan.site(site)
    return f"{where.account}.dkr.ecr.{where.region}.amazonaws.com"


def key_alias(plan: "Plan", site: str) -> str:
    return f"alias/{names.key(plan, site)}"
