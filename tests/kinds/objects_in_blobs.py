"""
Objects in Blob Storage: written into the container of the site that is active, found in every other site beside that
one's own, brought back from an earlier version, and closed to everybody in a closed site.
"""

import time

from azure.core.exceptions import HttpResponseError
from azure.storage.blob import ContainerClient

from model.clouds import azure
from scripts.clouds.azure.session import Session
from scripts.drills.stage import Stage

STORE, BLOB = "media", "notes/newest"
CLOSED = "AuthorizationFailure"
"""What an account says to whom its network rules keep out."""


class ObjectsInBlobs:
    """See `Life`."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._session = stage, Session()
        self._writer, self._body = stage.active, b""

    def write(self) -> None:
        self._writer, self._body = self._stage.active, f"written at {time.time_ns()}".encode()
        self._container(self._writer).upload_blob(BLOB, self._body, overwrite=True)

    def holds(self, site: str) -> bool:
        blob = self._container(site).get_blob_client(BLOB)
        return bool(blob.exists()) and blob.download_blob().readall() == self._body

    def back_up(self) -> str:
        """Nothing is to be done for it: an account with versions keeps the present one under what comes."""
        found = self._container(self._writer).get_blob_client(BLOB).get_blob_properties()
        return str(found.version_id)

    def damage(self) -> None:
        self._container(self._stage.active).delete_blob(BLOB)

    def is_restored(self, backup: str) -> bool:
        container = self._container(self._stage.active)
        kept = container.get_blob_client(BLOB).download_blob(version_id=backup).readall()
        container.upload_blob(BLOB, kept, overwrite=True)
        return self.holds(self._stage.active)

    def why_not_isolated(self, site: str) -> str | None:
        """Whoever has a role in it is kept out by its network rules."""
        try:
            self._container(site).get_blob_client(BLOB).exists()
        except HttpResponseError as refused:
            return None if CLOSED in str(refused) else f"the account of {site} says {refused.message}"
        return f"the account of {site} answers"

    def _container(self, site: str) -> ContainerClient:
        """What a site has of the objects that the writer wrote."""
        own = site == self._writer
        name = azure.container(STORE) if own else azure.copies(STORE, self._writer)
        account = azure.storage_account(self._stage.plan, site, STORE)
        return ContainerClient(f"https://{account}.blob.core.windows.net", name, credential=self._session.credential)
