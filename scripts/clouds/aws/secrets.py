"""Secrets Manager: the secrets of one site, which may be copied to other regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scripts.clouds.aws.session import Session, code_of, said
from scripts.clouds.protocol import SecretValue
from scripts.core.errors import CloudFailed


class SiteSecrets:
    """See `Secrets`. `regions` says where each site of the plan is."""

    def __init__(self, session: Session, region: str, regions: Mapping[str, str]) -> None:
        self._session, self._region, self._regions = session, region, regions

    def read(self, name: str, version: str = "") -> SecretValue | None:
        which = {"VersionId": version} if version else {}
        try:
            with said(f"reading the secret {name} in {self._region}"):
                found = self._session.client("secretsmanager", self._region).get_secret_value(SecretId=name, **which)
        except CloudFailed as error:
            if version and code_of(error) == "ResourceNotFoundException":
                return None
            raise
        return SecretValue(found["VersionId"], found["SecretString"])

    def write(self, name: str, text: str, version: str) -> None:
        with said(f"writing the secret {name} in {self._region}"):
            self._session.client("secretsmanager", self._region, slow=True).put_secret_value(
                SecretId=name, SecretString=text, ClientRequestToken=version
            )

    def stop_copies(self, name: str, sites: Sequence[str]) -> list[str]:
        client = self._session.client("secretsmanager", self._region, slow=True)
        unwanted = {self._regions[site] for site in sites} - {self._region}
        with said(f"stopping the copies of the secret {name}"):
            shown = client.describe_secret(SecretId=name).get("ReplicationStatus") or []
            there = sorted({each["Region"] for each in shown} & unwanted)
            if there:
                client.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=there)
        return [site for site in sites if self._regions[site] in there]
