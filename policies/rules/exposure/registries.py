"""A registry gives images to nobody without a login of their own."""

from ..kernel import HIGH, Rule
from ..kernel.checks import is_false
from ..kernel.standards import NIST_KEYS

RULE = Rule(
    id="DR-PUB-014",
    title="Azure container registries serve nobody without a login of their own",
    severity=HIGH,
    types=("azure-native:containerregistry:Registry",),
    checks=(is_false("adminUserEnabled"), is_false("anonymousPullEnabled")),
    why="Whoever has the one password of a registry moves a tag, and every site starts what it names.",
    remedy="Leave adminUserEnabled and anonymousPullEnabled out, and give AcrPull and AcrPush to identities.",
    fix={"adminUserEnabled": False, "anonymousPullEnabled": False},
    serves=(NIST_KEYS,),
    see=("checkov CKV_AZURE_137", "checkov CKV_AZURE_138"),
)
