"""What lies in the vaults of a world: secrets with versions, in memory."""

import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Version:
    """One value of a secret. Times are whole seconds since the epoch, as Key Vault has them."""

    value: str = field(repr=False)
    content_type: str | None = None
    enabled: bool = True
    not_before: int | None = None
    expires: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    name: str = field(default_factory=lambda: secrets.token_hex(16))
    created: int = field(default_factory=lambda: int(time.time()))
    updated: int = field(default_factory=lambda: int(time.time()))

    def change(self, given: dict[str, Any]) -> None:
        """Take over what a request says beside the value."""
        attributes = given.get("attributes") or {}
        self.enabled = bool(attributes.get("enabled", self.enabled))
        self.not_before, self.expires = attributes.get("nbf", self.not_before), attributes.get("exp", self.expires)
        self.content_type = given.get("contentType", self.content_type)
        self.tags = given.get("tags", self.tags) or {}
        self.updated = int(time.time())


@dataclass
class Secret:
    """Its versions, the newest last. `deleted`: when it was, in seconds since the epoch; its name stays taken."""

    versions: list[Version] = field(default_factory=list)
    deleted: int | None = None


class SecretStore:
    """By vault, then by name, both in lower case."""

    def __init__(self, _context: object = None) -> None:
        self.lock = threading.RLock()
        self._vaults: dict[str, dict[str, Secret]] = {}

    def of(self, vault: str) -> dict[str, Secret]:
        with self.lock:
            return self._vaults.setdefault(vault.lower(), {})

    def forget(self, vault: str) -> None:
        with self.lock:
            self._vaults.pop(vault.lower(), None)
