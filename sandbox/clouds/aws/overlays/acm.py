"""ACM: holds the certificates that were issued for the plan before its stacks are made."""

from moto.acm.models import CertBundle, acm_backends
from moto.acm.responses import AWSCertificateManagerResponse

from sandbox.clouds.aws.accounts import home_account
from sandbox.clouds.aws.certificates import Held
from sandbox.clouds.context import Context

RESPONSES: dict[type[AWSCertificateManagerResponse], type[AWSCertificateManagerResponse]] = {}


def hold(context: Context) -> None:
    """Put them where moto looks for them; what is there already stays."""
    held = context.one(Held)
    for region, issued in held.by_region.items():
        kept = acm_backends[home_account(context)][region]._certificates
        for arn, one in issued.items():
            if arn not in kept:
                kept[arn] = CertBundle(home_account(context), one.certificate, one.key, region=region, arn=arn)


start = hold
