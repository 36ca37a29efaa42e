"""What holds data is looked at by some rule."""

from collections.abc import Iterator

from ..kernel import LOW, Context, Resource, Rule, words
from ..kernel.evaluate import seen_types
from ..kernel.registry import all_rules
from ..kernel.selections import matches
from ..kernel.standards import NIST_PLAN
from ..kernel.stores import CONTAINERS, noun_of

# The program itself holds what is in these, and makes it anew; or it comes back with the server that it is in.
DECLARED = (
    "azure-native:dbforpostgresql:Database",
    "kubernetes:core/v1:Secret",
    "aws:route53/zone:Zone",
    "azure-native:dns:Zone",
    "azure-native:privatedns:PrivateZone",
    "gcp:dns/managedZone:ManagedZone",
    "cloudflare:index/zone:Zone",
)


def check(r: Resource, ctx: Context) -> Iterator[str]:
    seen: frozenset[str] = ctx.stack.remembered("seen types", lambda: seen_types(all_rules()))
    known = ctx.words("knownTypes")
    for token, resources in sorted(ctx.stack.by_type.items()):
        noun = noun_of(token)
        if noun is None or token in CONTAINERS or token in seen or any(matches(pattern, token) for pattern in known):
            continue
        number = len(resources)
        yield f"no rule looks at {token} ({noun}, {number} of them): nobody knows how they are recovered"


RULE = Rule(
    id="DR-PLN-003",
    title="What holds data is looked at by some rule",
    severity=LOW,
    types=(),
    scope="stack",
    checks=(check,),
    thresholds=(
        words("knownTypes", DECLARED, "types (`*` stands for anything) whose recovery is looked after elsewhere"),
    ),
    why="A report without findings says nothing of what no rule has looked at. What holds data must not be among it.",
    remedy="Look after its recovery by hand, write a rule for it, and name the type in knownTypes.",
    serves=(NIST_PLAN,),
)
