"""Pulumi's passphrase secrets: one salt for a stack, AES-256-GCM under a key derived from the passphrase.

A salt is `v1:<salt>:v1:<nonce>:<body>`, where the body is the word `pulumi`, sealed, to check the passphrase. Deriving
the key takes a million rounds of PBKDF2 (some tenths of a second), so keys are kept for the life of the process, and
none is derived before a secret is met.
"""

import base64
import hashlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox.engine.errors import EngineError
from sandbox.engine.state import secret_text
from sandbox.engine.values import Secret

ROUNDS = 1_000_000
_keys: dict[tuple[bytes, str], AESGCM] = {}
_lock = threading.Lock()


def passphrase_of(env: Mapping[str, str]) -> str:
    """The passphrase that the environment gives. Raises EngineError when it gives none."""
    if "PULUMI_CONFIG_PASSPHRASE" in env:
        return env["PULUMI_CONFIG_PASSPHRASE"]
    if env.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        return Path(env["PULUMI_CONFIG_PASSPHRASE_FILE"]).read_text().strip()
    message = (
        "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables"
    )
    raise EngineError(message)


def _key(passphrase: str, salt: str) -> AESGCM:
    name = (hashlib.sha256(passphrase.encode()).digest(), salt)
    with _lock:
        found = _keys.get(name)
        if found is None:
            raw = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), base64.b64decode(salt), ROUNDS, 32)
            found = _keys[name] = AESGCM(raw)
        return found


def _sealed(cipher: AESGCM, text: str) -> str:
    nonce = os.urandom(12)
    body = cipher.encrypt(nonce, text.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(body).decode()}"


def _opened(cipher: AESGCM, sealed: str) -> str:
    version, nonce, body = sealed.split(":")
    if version != "v1":
        message = f"unknown version {version!r} of a secret"
        raise EngineError(message)
    return cipher.decrypt(base64.b64decode(nonce), base64.b64decode(body), None).decode()


class Crypter:
    """Seals and opens the secrets of one stack."""

    def __init__(self, salt: str, env: Mapping[str, str]) -> None:
        self.salt, self._env = salt, env
        self._cipher: AESGCM | None = None

    @classmethod
    def new(cls, env: Mapping[str, str]) -> "Crypter":
        """A crypter with a fresh salt."""
        raw = base64.b64encode(os.urandom(8)).decode()
        cipher = _key(passphrase_of(env), raw)
        found = cls(f"v1:{raw}:{_sealed(cipher, 'pulumi')}", env)
        found._cipher = cipher
        return found

    def cipher(self) -> AESGCM:
        if self._cipher is None:
            if not self.salt:
                message = "the stack has no encryption salt, so it can hold no secrets"
                raise EngineError(message)
            _, raw, check = self.salt.split(":", 2)
            cipher = _key(passphrase_of(self._env), raw)
            try:
                right = _opened(cipher, check) == "pulumi"
            except InvalidTag:
                right = False
            if not right:
                message = "could not create secrets manager for new stack: incorrect passphrase"
                raise EngineError(message.replace(" for new stack", ""))
            self._cipher = cipher
        return self._cipher

    def encrypt(self, text: str) -> str:
        return _sealed(self.cipher(), text)

    def decrypt(self, sealed: str) -> str:
        try:
            return _opened(self.cipher(), sealed)
        except (InvalidTag, ValueError) as error:
            message = "failed to decrypt a secret: it was sealed with another key"
            raise EngineError(message) from error

    def seal(self, secret: Secret) -> str:
        """The ciphertext of a secret value; what came out of the state unchanged keeps its own."""
        if secret.sealed is None:
            secret.sealed = self.encrypt(secret_text(secret.value))
        return secret.sealed
