"""
KMS: multi-region keys that work in both regions.

moto cuts the longer id of a multi-region key when it encrypts, so that nothing it encrypted can be decrypted, lets a
replica and its original share one record of who is the original, and does not find a key to replicate by its ARN.
"""

import base64
import json
from typing import Any, ClassVar

from moto.kms.exceptions import AccessDeniedException, AlreadyExistsException, ValidationException
from moto.kms.models import kms_backends
from moto.kms.responses import KmsResponse
from moto.kms.utils import decrypt

from sandbox.clouds.context import Context

ID_IN_CIPHERTEXT = 36
"""Bytes that moto keeps for a key's id at the head of what it encrypts."""


class KMS(KmsResponse):
    """The calls that moto gets wrong."""

    context: ClassVar[Context]

    def replicate_key(self) -> str:
        given, region = self._get_param("KeyId"), self._get_param("ReplicaRegion")
        self._validate_key_id(given)
        original = self.kms_backend.describe_key(given)
        if not original.multi_region or original.multi_region_configuration["MultiRegionKeyType"] != "PRIMARY":
            raise ValidationException(f"{original.arn} is not a multi-Region primary key.")
        if original.id in kms_backends[self.current_account][region].keys:
            raise AlreadyExistsException(f"Key {original.id} has a replica in {region} already.")
        if not self.context.fabric.network.allowed(self.region, region):
            raise ValidationException(f"The control plane of {region} cannot be reached from {self.region}.")
        replica = self.kms_backend.replicate_key(original.id, region)
        replica.multi_region_configuration = {**original.multi_region_configuration, "MultiRegionKeyType": "REPLICA"}
        replica.aliases, replica.grants = {}, {}
        replica.key_rotation_status = original.key_rotation_status
        replica.description = self._get_param("Description") or ""
        replica.policy = self._get_param("Policy") or replica.generate_default_policy()
        kms_backends[self.current_account][region].tagger.tag_resource(replica.id, self._get_param("Tags") or [])
        return json.dumps({"ReplicaKeyMetadata": replica.to_dict()["KeyMetadata"], "ReplicaPolicy": replica.policy})

    def schedule_key_deletion(self) -> Any:
        """An original is kept until its last replica is gone."""
        key = self.kms_backend.describe_key(self._get_param("KeyId"))
        if key.multi_region:
            for region in self.context.fabric.regions:
                replica = kms_backends[self.current_account][region].keys.get(key.id)
                if replica is not None and replica is not key:
                    entries = replica.multi_region_configuration["ReplicaKeys"]
                    entries[:] = [entry for entry in entries if entry["Arn"] != key.arn]
        return super().schedule_key_deletion()

    def decrypt(self) -> str:
        blob: bytes = self._get_param("CiphertextBlob")
        head = blob[:ID_IN_CIPHERTEXT].decode("utf-8", "replace")
        key = next((k for identity, k in self.kms_backend.keys.items() if identity[:ID_IN_CIPHERTEXT] == head), None)
        given = self._get_param("KeyId")
        if given:
            self._validate_key_id(given)
        if key is None or (given and self.kms_backend.any_id_to_key_id(given) != key.id):
            raise AccessDeniedException(
                "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
                "or you are not allowed to access."
            )
        plaintext, _ = decrypt(
            master_keys={head: key},
            ciphertext_blob=blob,
            encryption_context=self._get_param("EncryptionContext", {}),
        )
        return json.dumps({"Plaintext": base64.b64encode(plaintext).decode(), "KeyId": key.arn})


RESPONSES = {KmsResponse: KMS}
