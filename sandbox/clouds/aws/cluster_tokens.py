"""Bearer tokens of clusters, as `aws eks get-token` makes them."""

import base64
import binascii
import io
import time
from calendar import timegm
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from sandbox.clouds.aws.signatures import SecretOf, Unsigned, verify

EKS_PREFIX = "k8s-aws-v1."
LARGEST = 8192
CLUSTER_HEADER = "x-k8s-aws-id"
LIVES_SECONDS = 15 * 60
"""From its making, whatever it says itself: `aws eks get-token` writes one minute into it, and means fourteen."""


def accepted(token: str, secret_of: SecretOf, clusters: Iterable[str]) -> bool:
    """Has a key of the world signed it for one of these names of the cluster?"""
    if not token.startswith(EKS_PREFIX) or len(token) > LARGEST:
        return False
    body = token.removeprefix(EKS_PREFIX)
    return any(_signed(body, secret_of, name) for name in clusters)


def _signed(body: str, secret_of: SecretOf, cluster: str) -> bool:
    """
    The token of EKS is a question to STS, "who am I", that its maker has signed and not yet asked. The cluster's name
    is among the signed headers and not in the token: each cluster tries its own (aws-iam-authenticator, "Token
    format").
    """
    try:
        question = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode("ascii")
        parts = urlsplit(question)
    except (binascii.Error, ValueError):
        return False
    asked = parse_qs(parts.query)
    is_sts = parts.scheme == "https" and (parts.hostname or "").startswith("sts.")
    if not is_sts or parts.path not in {"", "/"} or asked.get("Action") != ["GetCallerIdentity"]:
        return False
    if CLUSTER_HEADER not in asked.get("X-Amz-SignedHeaders", [""])[0].split(";"):
        return False
    try:
        made = timegm(time.strptime(asked.get("X-Amz-Date", [""])[0], "%Y%m%dT%H%M%SZ"))
        if abs(time.time() - made) > LIVES_SECONDS:
            return False
        request = {
            "REQUEST_METHOD": "GET",
            "RAW_URI": f"{parts.path or '/'}?{parts.query}",
            "HTTP_HOST": parts.netloc,
            "HTTP_X_K8S_AWS_ID": cluster,
            "wsgi.input": io.BytesIO(),
        }
        return verify(request, secret_of, now=made).service == "sts"
    except (Unsigned, ValueError):
        return False
