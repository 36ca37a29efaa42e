"""The pack as Pulumi starts it: `python -u -m pulumi.policy <engine address> <this folder>`.

DR_POLICY_SERVER=sdk serves the rules through the SDK's own PolicyPack instead of the faster server of this pack.
"""

import os
from pathlib import Path

from pulumi_policy import PolicyPack
from rules.kernel.registry import all_rules  # type: ignore[import-not-found]
from rules.kernel.sdk import as_policies  # type: ignore[import-not-found]
from rules.kernel.server import PACK_NAME, serve  # type: ignore[import-not-found]

if os.environ.get("DR_POLICY_SERVER") == "sdk":
    PolicyPack(PACK_NAME, as_policies(all_rules()))
else:
    serve(all_rules(), Path(__file__).parent)
