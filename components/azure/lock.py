"""What keeps a resource from being deleted by anybody but the stack that declares it."""

import pulumi
import pulumi_azure_native as azure_native

LOCK = "dr-keep"


def keep(name: str, scope: pulumi.Input[str], what: str, opts: pulumi.ResourceOptions) -> None:
    """`what` is the thing in a word, for whoever finds the lock."""
    azure_native.authorization.ManagementLockByScope(
        f"{name}-lock",
        scope=scope,
        lock_name=LOCK,
        level="CanNotDelete",
        notes=f"Taken away by the stack alone, when the {what} is given up",
        opts=opts,
    )
