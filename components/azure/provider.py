"""The explicit provider of a stack: the plan says the subscription, so no setting can contradict it."""

import pulumi
import pulumi_azure_native as azure_native


def provider(subscription: str) -> pulumi.ProviderResource:
    """Credentials come from the environment, as for every tool of Azure."""
    made: pulumi.ProviderResource = azure_native.Provider(
        "azure", subscription_id=subscription, opts=pulumi.ResourceOptions(protect=False)
    )
    return made
