"""Loads what the SDKs load at their first call; run by a fork server before it forks pods that may read no more."""

import codecs
import contextlib
import os
import time
from typing import Any
from xml.etree import ElementTree as ET  # noqa: F401 (an error of Blob Storage is read by it)

from azure.core import MatchConditions
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient, ContentSettings

codecs.lookup("utf-8-sig")  # answers in JSON are read with it
NOBODY = "//127.0.0.1:9"  # nothing listens at this port
ONCE: dict[str, Any] = {"retry_total": 0, "retry_connect": 0, "connection_timeout": 1}


class Nobody:
    def get_token(self, *_scopes: str, **_: object) -> AccessToken:
        return AccessToken("none", int(time.time()) + 3600)


before = dict(os.environ)
os.environ.update({"IDENTITY_ENDPOINT": f"http:{NOBODY}", "IDENTITY_HEADER": "none"})
try:
    ManagedIdentityCredential(client_id="none")
    DefaultAzureCredential(exclude_interactive_browser_credential=True)
finally:
    os.environ.clear()
    os.environ.update(before)
blob = BlobServiceClient(f"https:{NOBODY}", credential=Nobody(), **ONCE).get_blob_client("none", "none")
with contextlib.suppress(AzureError):
    blob.download_blob(raw_response_hook=lambda _: None).readall()
with contextlib.suppress(AzureError):
    settings = ContentSettings()
    blob.upload_blob(
        b"", overwrite=True, etag='"0"', match_condition=MatchConditions.IfNotModified, content_settings=settings
    )
