"""Traffic to stores and services is encrypted, before and after a failover."""

from collections.abc import Iterator

from ..kernel import HIGH, MEDIUM, Context, Resource, Rule
from ..kernel.checks import is_false, is_one_of, is_true
from ..kernel.standards import GDPR_ENCRYPTION, NIST_TRANSMISSION, PCI_TRANSMISSION

SERVES = (NIST_TRANSMISSION, PCI_TRANSMISSION, GDPR_ENCRYPTION)


def listener(r: Resource, ctx: Context) -> Iterator[str]:
    protocol = (r["protocol"].text() or "").upper()
    if protocol in ("HTTPS", "TLS"):
        policy = r["sslPolicy"]
        name = policy.text() or ""
        if not any(mark in name for mark in ("TLS13", "TLS-1-2", "FS-1-2")):
            yield f"sslPolicy is {policy.shown()}, needs to allow TLS 1.2 and newer only"
    elif protocol == "HTTP":
        actions = list(r["defaultActions"].items())
        if not actions or any((action["type"].text() or "") != "redirect" for action in actions):
            yield "protocol is HTTP and defaultActions does not redirect"
    elif protocol not in ("TCP", "UDP", "TCP_UDP", "GENEVE"):
        yield f"protocol is {r['protocol'].shown()}, needs to be HTTPS or TLS"


RULES = (
    Rule(
        id="DR-TLS-001",
        title="Load balancers speak TLS 1.2 or newer",
        severity=HIGH,
        types=("aws:lb/listener:Listener",),
        checks=(listener,),
        why="The listener of a standby is often made in a hurry. It serves everybody one day.",
        remedy="Use HTTPS with a policy such as ELBSecurityPolicy-TLS13-1-2-2021-06; let HTTP redirect.",
        serves=SERVES,
    ),
    Rule(
        id="DR-TLS-002",
        title="Storage accounts take TLS 1.2 or newer only",
        severity=HIGH,
        types=("azure-native:storage:StorageAccount",),
        checks=(is_true("enableHttpsTrafficOnly"), is_one_of("minimumTlsVersion", "TLS1_2", "TLS1_3")),
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
        checks=(is_true("transitEncryptionEnabled"),),
        why="A global datastore replicates across regions.",
        remedy="Set transitEncryptionEnabled to true.",
        serves=SERVES,
    ),
    Rule(
        id="DR-TLS-005",
        title="Web apps take HTTPS with TLS 1.2 or newer only",
        severity=HIGH,
        types=("azure-native:web:WebApp",),
        checks=(is_true("httpsOnly"), is_one_of("siteConfig.minTlsVersion", "1.2", "1.3")),
        why="A standby app that takes plain HTTP is found by scanners before it is found by users.",
        remedy="Set httpsOnly to true and siteConfig.minTlsVersion to 1.2.",
        fix={"httpsOnly": True, "siteConfig.minTlsVersion": "1.2"},
        serves=SERVES,
    ),
    Rule(
        id="DR-TLS-006",
        title="Front Door checks the certificates of its origins",
        severity=MEDIUM,
        types=("azure-native:cdn:AFDOrigin",),
        checks=(is_true("enforceCertificateNameCheck"),),
        why="After a change of origin, only the certificate tells that it is the right one.",
        remedy="Set enforceCertificateNameCheck to true.",
        fix={"enforceCertificateNameCheck": True},
        serves=SERVES,
    ),
)
