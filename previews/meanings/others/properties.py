"""
Providers of one service each: wire names and defaults as their documentation gives them.

Their SDKs are not installed beside this project, so that no test looks the names up again.
"""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Meaning

_ATLAS = "mongodbatlas:index/cluster:Cluster"
_ATLAS_ADVANCED = "mongodbatlas:index/advancedCluster:AdvancedCluster"


def _switch(kind: str, path: str, label: str, aspect: Aspect) -> Meaning:
    return Meaning(kind, path, label, aspect, Better.ON, default=False)


OTHERS: tuple[Meaning, ...] = (
    _switch(_ATLAS, "cloudBackup", "backups", Aspect.RETENTION),
    _switch(_ATLAS_ADVANCED, "backupEnabled", "backups", Aspect.RETENTION),
    *(
        meaning
        for kind in (_ATLAS, _ATLAS_ADVANCED)
        for meaning in (
            _switch(kind, "pitEnabled", "point-in-time recovery", Aspect.RETENTION),
            _switch(kind, "terminationProtectionEnabled", "deletion protection", Aspect.DELETION),
        )
    ),
    _switch("hcloud:index/volume:Volume", "deleteProtection", "deletion protection", Aspect.DELETION),
    # A TTL of 1 stands for "automatic" and is left to the person who reads it.
    *(
        Meaning(kind, "ttl", "DNS TTL", Aspect.TRAFFIC, Better.LOWER, "s", absent="unknown")
        for kind in ("cloudflare:index/dnsRecord:DnsRecord", "cloudflare:index/record:Record")
    ),
)
