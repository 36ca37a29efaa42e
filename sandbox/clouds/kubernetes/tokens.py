"""Bearer tokens: the world's own, and those of `aws eks get-token`."""

import base64
import binascii
import secrets
from urllib.parse import parse_qs, urlsplit

EKS_PREFIX = "k8s-aws-v1."


def eks_token(access_key: str, region: str) -> str:
    """A token in the form that EKS takes: a signed question to STS, in base64. Here the signature is left out."""
    question = (
        f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
        f"&X-Amz-Credential={access_key}%2F20000101%2F{region}%2Fsts%2Faws4_request"
    )
    return EKS_PREFIX + base64.urlsafe_b64encode(question.encode()).decode().rstrip("=")


def accepted(token: str, own: str, access_key: str) -> bool:
    """Is it the world's own token, or one made with the world's access key?"""
    if secrets.compare_digest(token.encode(), own.encode()):
        return True
    if not token.startswith(EKS_PREFIX):
        return False
    body = token.removeprefix(EKS_PREFIX)
    try:
        question = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return False
    credential = parse_qs(urlsplit(question).query).get("X-Amz-Credential", [""])[0]
    return credential.split("/")[0] == access_key
