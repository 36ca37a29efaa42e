"""Traffic to stores and services is encrypted, before and after a failover."""

from collections.abc import Iterator

from ..kernel import HIGH, MEDIUM, Context, Resource, Rule
from ..kernel.checks import is_false, is_one_of, is_true, unless
from ..kernel.following import is_global_secondary
from ..kernel.standards import GDPR_ENCRYPTION, NIST_TRANSMISSION, PCI_TRANSMISSION
from ..kernel.tls import oldest_tls

SERVES = (NIST_TRANSMISSION, PCI_TRANSMISSION, GDPR_ENCRYPTION)


# What a Network Load Balancer passes on as it comes (QUIC is encrypted by itself), and a gateway's own protocol.
PASSED_ON = ("TCP", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC", "GENEVE")


def protocol_of(r: Resource) -> str:
    """The protocol of a listener. A Gateway Load Balancer's has none, and no port; others take HTTP."""
    given = r["protocol"]
    if given.raw is not None:
        return (given.text() or "").upper()
    if "/gwy/" in (r["loadBalancerArn"].text() or "") or not r["port"].present():
        return "GENEVE"
    return "HTTP"


def redirects(r: Resource) -> bool:
    """Whether everything that comes is sent on to HTTPS. Left out, a redirect keeps the protocol that was asked for."""
    actions = list(r["defaultActions"].items())
    return bool(actions) and all(
        (action["type"].text() or "") == "redirect" and (action["redirect.protocol"].text() or "").upper() == "HTTPS"
        for action in actions
    )


def listener(r: Resource, ctx: Context) -> Iterator[str]:
    protocol = protocol_of(r)
    if protocol in ("HTTPS", "TLS"):
        policy = r["sslPolicy"]
        oldest = oldest_tls(policy.text() or "")
        if oldest is None or oldest < 2:
            allows = "" if oldest is None else f", which allows TLS 1.{oldest}"
            yield f"sslPolicy is {policy.shown()}{allows}; it needs to allow TLS 1.2 and newer only"
    elif protocol == "HTTP":
        if not redirects(r):
            yield "protocol is HTTP and defaultActions does not redirect to HTTPS"
    elif protocol not in PASSED_ON:
        yield f"protocol is {r['protocol'].shown()}, needs to be HTTPS or TLS"


def https_only(r: Resource, ctx: Context) -> Iterator[str]:
    # True unless told otherwise since this version of the API (provider docs).
    yield from is_true("enableHttpsTrafficOnly", absent=not r.made_before("2019-04-01"))(r, ctx)


RULES = (
    Rule(
        id="DR-TLS-001",
        title="Load balancers speak TLS 1.2 or newer",
        severity=HIGH,
        types=("aws:lb/listener:Listener",),
        checks=(listener,),
        why="The listener of a standby is often made in a hurry. It serves everybody one day.",
        remedy="Use HTTPS with a policy such as ELBSecurityPolicy-TLS13-1-2-2021-06; let HTTP redirect to HTTPS.",
        serves=SERVES,
        see=("checkov CKV_AWS_2", "checkov CKV_AWS_103", "AWS Config ALB_HTTP_TO_HTTPS_REDIRECTION_CHECK"),
    ),
    Rule(
        id="DR-TLS-002",
        title="Storage accounts take TLS 1.2 or newer only",
        severity=HIGH,
        types=("azure-native:storage:StorageAccount",),
        checks=(https_only, is_one_of("minimumTlsVersion", "TLS1_2", "TLS1_3")),
        why="Backups and replicated objects travel between regions.",
        remedy="Set enableHttpsTrafficOnly to true and minimumTlsVersion to TLS1_2.",
        fix={"enableHttpsTrafficOnly": True, "minimumTlsVersion": "TLS1_2"},
        serves=SERVES,
    ),
    Rule(
        id="DR-TLS-003",
        title="Azure Redis takes TLS 1.2 or newer only",
        severity=HIGH,
        types=("azure-native:redis:Redis",),
        checks=(is_false("enableNonSslPort"), is_one_of("minimumTlsVersion", "1.2")),
        why="Geo-replicated caches are reached across regions.",
        remedy="Leave enableNonSslPort false and set minimumTlsVersion to 1.2.",
        fix={"enableNonSslPort": False, "minimumTlsVersion": "1.2"},
        serves=SERVES,
    ),
    Rule(
        id="DR-TLS-004",
        title="ElastiCache encrypts in transit",
        severity=HIGH,
        types=("aws:elasticache/replicationGroup:ReplicationGroup",),
        checks=(unless(is_global_secondary, is_true("transitEncryptionEnabled")),),
        why="A global datastore replicates across regions.",
        remedy="Set transitEncryptionEnabled to true.",
        serves=SERVES,
    ),
    Rule(
        id="DR-TLS-005",
        title="Web apps take HTTPS with TLS 1.2 or newer only",
        severity=HIGH,
        types=("azure-native:web:WebApp", "azure-native:web:WebAppSlot"),
        checks=(is_true("httpsOnly"), is_one_of("siteConfig.minTlsVersion", "1.2", "1.3", absent="1.2")),
        why=(
            "A standby app that takes plain HTTP is found by scanners before it is found by users. New apps take "
            "TLS 1.2."
        ),
        remedy="Set httpsOnly to true and siteConfig.minTlsVersion to 1.2.",
        fix={"httpsOnly": True, "siteConfig.minTlsVersion": "1.2"},
        serves=SERVES,
    ),
    Rule(
        id="DR-TLS-006",
        title="Front Door checks the certificates of its origins",
        severity=MEDIUM,
        types=("azure-native:cdn:AFDOrigin",),
        checks=(is_true("enforceCertificateNameCheck", absent=True),),
        why=(
            "After a change of origin, only the certificate tells that it is the right one. It is on unless told "
            "otherwise."
        ),
        remedy="Set enforceCertificateNameCheck to true.",
        fix={"enforceCertificateNameCheck": True},
        serves=SERVES,
    ),
)
