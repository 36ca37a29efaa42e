"""The state of the infrastructure survives the loss of the primary region."""

from collections.abc import Iterator

from ..kernel import CRITICAL, Context, Node, Resource, Rule
from ..kernel.checks import each
from ..kernel.resource import plain_region
from ..kernel.standards import NIST_ALTERNATE_STORAGE, NIST_KEYS, SWITCHING
from ..kernel.values import printable


def backends(r: Resource, ctx: Context) -> Iterator[str]:
    primary = ctx.facts.primary_region

    def look(backend: Node) -> Iterator[str]:
        url = backend["url"].text() or ""
        site = plain_region(backend["region"].text())
        if url.startswith("file:"):
            yield f"the state of {backend['site'].shown()} lies in a folder of one machine ({printable(url)})"
        elif primary and site and site != primary and primary in url.lower():
            yield f"the state of {backend['site'].shown()} lies in {primary}: lost with it, although the site is not"

    yield from each(ctx.facts.node("stateBackends").items(), look)


def secrets(r: Resource, ctx: Context) -> Iterator[str]:
    primary = ctx.facts.primary_region or ""
    provider = ctx.facts.node("secretsProvider").text() or ""
    if provider.startswith("awskms://") and f"region={primary}" in provider.lower():
        # A multi-Region key has replicas; its id says so.
        if "mrk-" not in provider:
            yield f"the secrets provider is a single-region key in {primary}"
    elif primary and primary in provider.lower():
        yield f"the secrets provider lies in {primary}"


RULES = (
    Rule(
        id="DR-STA-001",
        title="The state of a recovery site does not lie in the primary region",
        severity=CRITICAL,
        types=(),
        scope="stack",
        checks=(backends,),
        needs=("stateBackends", "primaryRegion"),
        why="Without its state no program can change the recovery site, and that is what a failover does.",
        remedy="Keep the state of each site in its own region, or in a third one (`pulumi login`).",
        serves=(*SWITCHING, NIST_ALTERNATE_STORAGE),
    ),
    Rule(
        id="DR-STA-002",
        title="The secrets provider does not lie in the primary region",
        severity=CRITICAL,
        types=(),
        scope="stack",
        checks=(secrets,),
        needs=("secretsProvider", "primaryRegion"),
        why="State whose secrets cannot be decrypted is of no use.",
        remedy="Use a multi-region key, a key of the site's own region, or a passphrase kept in two places.",
        serves=(*SWITCHING, NIST_KEYS),
    ),
)
