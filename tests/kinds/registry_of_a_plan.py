"""
A registry for all sites: an image that is pushed arrives in every copy, a tag that was moved is set back to its digest,
and a site may pull and do nothing else.
"""

import io
import json
import time
from typing import Any

from azure.containerregistry import ContainerRegistryClient
from azure.core.exceptions import ClientAuthenticationError

from components.azure.addresses import ROLES
from model.clouds import azure
from scripts.clouds.azure.session import Session, in_site
from scripts.core.waiting import wait_until
from scripts.drills.stage import Stage

STORE, IMAGE, TAG = "images", "shop/web", "stable"
REGISTRIES = "Microsoft.ContainerRegistry/registries"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"


class RegistryOfAPlan:
    """See `Life`."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._session = stage, Session()
        self._digest, self._content = "", ""
        name = azure.registry(stage.plan, STORE)
        self._id = in_site(stage.plan, stage.plan.fencing.witness, REGISTRIES, name)
        self._host = f"{name}.azurecr.io"

    def write(self) -> None:
        """As a pipeline does: the image is pushed, and is good to be run once every copy has it."""
        self._content = f"built at {time.time_ns()}"
        self._digest = self._push(self._content)
        wait_until(self._is_everywhere, seconds=60, what="the copies of the registry")

    def holds(self, site: str) -> bool:
        del site  # whoever pulls is led to a copy, and every copy has it
        return self._is_everywhere() and self._pulled() == (self._digest, self._content)

    def back_up(self) -> str:
        """Nothing is to be done for it: an image is kept after its tag was moved, and found by its digest."""
        return self._digest

    def damage(self) -> None:
        """A bad build under the same tag."""
        assert self._push("a bad build") != self._digest

    def is_restored(self, backup: str) -> bool:
        """The registry takes the image over from itself, by its digest, and overwrites the tag."""
        assert self._pulled()[0] != backup
        source = {"resourceId": self._id, "sourceImage": f"{IMAGE}@{backup}"}
        body = {"source": source, "targetTags": [f"{IMAGE}:{TAG}"], "mode": "Force"}
        self._arm.post(self._id, "importImage", "setting the tag back", body, wait=120)
        wait_until(self._is_everywhere, seconds=60, what="the copies of the registry")
        return self.holds(self._stage.active)

    def why_not_isolated(self, site: str) -> str | None:
        """It serves the other sites, so it is not closed: who is in this one can change nothing, nor can a stranger."""
        plan = self._stage.plan
        mine = {each["properties"]["principalId"] for each in self._arm.list(in_site(plan, site, IDENTITIES))}
        for each in self._arm.list(f"{self._id}/{ASSIGNMENTS}"):
            given = each["properties"]
            if given["principalId"] in mine and not given["roleDefinitionId"].endswith(ROLES["AcrPull"]):
                return f"an identity of {site} has the role {given['roleDefinitionId']} on the registry"
        try:
            found = ContainerRegistryClient(f"https://{self._host}", None).get_manifest(IMAGE, TAG)
        except ClientAuthenticationError:
            return None
        return f"the registry gives out {found.digest} without a login"

    def _is_everywhere(self) -> bool:
        copies = self._arm.list(f"{self._id}/replications")
        assert len(copies) == 2
        return all(each["properties"]["status"]["displayStatus"] == "Ready" for each in copies)

    def _pulled(self) -> tuple[str, str]:
        """The digest under the tag, and what is in its layer."""
        client = self._client
        found = client.get_manifest(IMAGE, TAG)
        layer = client.download_blob(IMAGE, found.manifest["layers"][0]["digest"])
        return str(found.digest), b"".join(layer).decode()

    def _push(self, content: str) -> str:
        client, parts = self._client, []
        for data in (json.dumps({"os": "linux"}).encode(), content.encode()):
            digest, size = client.upload_blob(IMAGE, io.BytesIO(data))
            parts.append({"mediaType": "application/octet-stream", "digest": digest, "size": size})
        manifest = {"schemaVersion": 2, "config": parts[0], "layers": parts[1:]}
        return str(client.set_manifest(IMAGE, manifest, tag=TAG))

    @property
    def _client(self) -> ContainerRegistryClient:
        return ContainerRegistryClient(f"https://{self._host}", self._session.credential)

    @property
    def _arm(self) -> Any:
        return self._session.arm(self._stage.plan.primary.region)
