"""
A Key Vault in every site: a secret is written to each of them, brought back after it was deleted, and read by nobody
without a login.
"""

import time

from azure.core.exceptions import HttpResponseError
from azure.keyvault.secrets import SecretClient

from model.clouds import azure
from scripts.clouds.azure.session import Session
from scripts.core.waiting import wait_until
from scripts.drills.stage import Stage

STORE = "secrets"
SECRET = "payments-key"
CLOSED = "ForbiddenByFirewall"
"""What a vault says to whom its network rules keep out."""


class VaultOfASite:
    """See `Life`."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._session = stage, Session()
        self._value = ""

    def write(self) -> None:
        """As a rotation does: into the vault of every site that is not closed, so that none waits for another."""
        self._value = f"written at {time.time_ns()}"
        for site in self._stage.plan.sites:
            try:
                self._client(site.name).set_secret(SECRET, self._value)
            except HttpResponseError as refused:
                if site.name == self._stage.active or CLOSED not in str(refused):
                    raise

    def holds(self, site: str) -> bool:
        return self._client(site).get_secret(SECRET).value == self._value

    def back_up(self) -> str:
        """Nothing is to be done for it: a vault keeps every version, and for a while what is deleted."""
        return str(self._client(self._stage.active).get_secret(SECRET).properties.version)

    def damage(self) -> None:
        client = self._client(self._stage.active)
        client.begin_delete_secret(SECRET).wait()
        wait_until(
            lambda: [each.name for each in client.list_deleted_secrets()] == [SECRET], seconds=30, what="the deletion"
        )

    def is_restored(self, backup: str) -> bool:
        client = self._client(self._stage.active)
        client.begin_recover_deleted_secret(SECRET).wait()
        return client.get_secret(SECRET, backup).value == self._value and self.holds(self._stage.active)

    def why_not_isolated(self, site: str) -> str | None:
        """Whoever was let in before, and has a role in it, is kept out by its network rules."""
        try:
            found = self._client(site).get_secret(SECRET)
        except HttpResponseError as refused:
            return None if CLOSED in str(refused) else f"the vault of {site} says {refused.message}"
        return f"the vault of {site} gives out {found.name}"

    def _client(self, site: str) -> SecretClient:
        return SecretClient(self._url(site), self._session.credential)

    def _url(self, site: str) -> str:
        return f"https://{azure.vault(self._stage.plan, site, STORE)}.vault.azure.net"
