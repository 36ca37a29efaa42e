"""The keys that open a world's cloud: made when it starts, and worth nothing elsewhere or afterwards."""

import secrets
import string
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Key:
    """A key that looks like an IAM access key: twenty characters name it, and a secret signs."""

    name: str
    secret: str = field(repr=False)

    @classmethod
    def new(cls) -> "Key":
        alphabet = string.ascii_uppercase + "234567"
        return cls("AKIA" + "".join(secrets.choice(alphabet) for _ in range(16)), secrets.token_urlsafe(30))
