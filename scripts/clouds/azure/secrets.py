"""Key Vault: the secrets of one site, in a vault of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from azure.keyvault.secrets import SecretClient

from scripts.clouds.azure.arm import is_missing, said, unless
from scripts.clouds.protocol import SecretValue
from scripts.core.errors import CloudFailed

if TYPE_CHECKING:
    from scripts.clouds.azure.session import Session

VERSION = "dr-version"
"""The tag that holds our name of a version: Key Vault gives each a name of its own."""
CONNECT_SECONDS, READ_SECONDS = 1, 5


class SiteSecrets:
    """See `Secrets`."""

    def __init__(self, session: Session, region: str, vault: str) -> None:
        self.vault = vault
        self._session, self._region = session, region
        self._made: SecretClient | None = None

    def read(self, name: str, version: str = "") -> SecretValue | None:
        try:
            with said(f"reading the secret {name} in {self.vault}"):
                if version and (found := self._named(name, version)) is None:
                    return None
                held = self._client().get_secret(name, found if version else None)
        except CloudFailed as error:
            if is_missing(error):
                return None
            raise
        tags, own = held.properties.tags or {}, held.properties.version or ""
        return SecretValue(tags.get(VERSION, own), held.value or "")

    def write(self, name: str, text: str, version: str) -> None:
        if self._has(name, version):
            return
        with said(f"writing the secret {name} in {self.vault}"):
            self._client().set_secret(name, text, tags={VERSION: version}, content_type="application/json")

    def stop_copies(self, name: str, sites: Sequence[str]) -> list[str]:
        """A vault copies nothing to another region that could be stopped: each site has its own."""
        del name, sites
        return []

    def _has(self, name: str, version: str) -> bool:
        with unless(missing=True), said(f"looking for versions of the secret {name} in {self.vault}"):
            return self._named(name, version) is not None
        return False

    def _named(self, name: str, version: str) -> str | None:
        """The vault's own name of one of our versions."""
        for each in self._client().list_properties_of_secret_versions(name):
            if version in ((each.tags or {}).get(VERSION), each.version):
                return str(each.version)
        return None

    def _client(self) -> Any:
        self._session.check(self._region)
        if self._made is None:
            self._made = SecretClient(
                f"https://{self.vault}.vault.azure.net",
                self._session.credential,
                connection_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retry_total=1,
            )
        return self._made
