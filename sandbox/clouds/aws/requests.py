"""Reads from a request what it is for: the service, the region, the action; without trusting more than it must."""

import io
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

Environ = dict[str, Any]

GLOBAL_REGION = "us-east-1"
"""Where the control planes of Route 53, IAM and the global STS endpoint live."""

_S3_HOST = re.compile(r"^(?P<bucket>.+)\.s3[.-](?:(?P<region>[a-z0-9-]+)\.)?amazonaws\.com")
_DATA_PLANE = {
    "kms": re.compile(r"(Decrypt|Encrypt|ReEncrypt|GenerateDataKey.*|Sign|Verify)$"),
    "secretsmanager": re.compile(r"(GetSecretValue|BatchGetSecretValue)$"),
    "s3": re.compile(
        r"(Get|Put|Head|Delete|Copy)Object(s)?$|List(Objects.*|ObjectVersions)$|.*MultipartUpload|UploadPart"
    ),
    "sts": re.compile(r".*"),
}


@dataclass(frozen=True)
class Target:
    """
    What a request asks for. `bucket` and `key` are given for S3, where the bucket says the region, not the signature.
    """

    service: str
    region: str
    action: str
    bucket: str | None = None
    key: str | None = None

    @property
    def is_data_plane(self) -> bool:
        """Data planes go on working when a region's control plane does not answer."""
        pattern = _DATA_PLANE.get(self.service)
        return pattern is not None and pattern.match(self.action) is not None


def read_body(environ: Environ) -> bytes:
    """The body, put back so that it can be read again."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not length:
        return b""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def target_of(environ: Environ, service: str, region: str) -> Target:
    """
    What a request asks of `service`, as its signature names it. An action is "?" when the request names several: one
    could be checked and another be done.
    """
    bucket, key = _object_of(environ) if service == "s3" else (None, None)
    return Target(service, region, _action_of(environ, service), bucket, key)


def is_public_read(environ: Environ) -> bool:
    """
    The one thing that is served unsigned: reading an object, as health checks read a claim. Whether this object may be
    read so is up to the policy of its bucket (`overlays.s3`).
    """
    says_more = environ.get("QUERY_STRING") or "HTTP_AUTHORIZATION" in environ or "HTTP_TRANSFER_ENCODING" in environ
    says_more = says_more or any(name.startswith("HTTP_X_AMZ_") for name in environ) or environ.get("CONTENT_LENGTH")
    return not says_more and _s3_action(environ) in {"GetObject", "HeadObject"}


def _object_of(environ: Environ) -> tuple[str | None, str | None]:
    """The bucket and the key of the object."""
    path = environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace").removeprefix("/")
    match = _S3_HOST.match(environ.get("HTTP_HOST", "").split(":")[0])
    bucket, _, key = (match["bucket"], "", path) if match else path.partition("/")
    return bucket or None, key or None


def _action_of(environ: Environ, service: str) -> str:
    if service == "s3":
        return _s3_action(environ)
    named = set(parse_qs(environ.get("QUERY_STRING", "")).get("Action", []))
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        named.update(parse_qs(read_body(environ).decode("utf-8", "replace")).get("Action", []))
    header = environ.get("HTTP_X_AMZ_TARGET")
    if header:
        named.add(str(header).rsplit(".", maxsplit=1)[-1])
    if len(named) > 1:
        return "?"
    return named.pop() if named else _routed_action(environ, service)


def _routed_action(environ: Environ, service: str) -> str:
    from moto.core.request import Request  # noqa: PLC0415 - moto is loaded when first needed
    from moto.core.routing import NotFound, get_service_router  # noqa: PLC0415

    try:
        operation, _ = get_service_router(service).match(Request(environ.copy()))
    except (NotFound, NotImplementedError, LookupError, AttributeError):
        return f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}"
    return str(operation.name)


_S3_SUBRESOURCES = {
    "versioning": "BucketVersioning",
    "replication": "BucketReplication",
    "lifecycle": "BucketLifecycleConfiguration",
    "object-lock": "ObjectLockConfiguration",
    "encryption": "BucketEncryption",
    "publicAccessBlock": "PublicAccessBlock",
    "policy": "BucketPolicy",
    "tagging": "Tagging",
    "acl": "Acl",
    "location": "BucketLocation",
    "notification": "BucketNotificationConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "versions": "ObjectVersions",
    "retention": "ObjectRetention",
    "legal-hold": "ObjectLegalHold",
    "website": "BucketWebsite",
    "logging": "BucketLogging",
    "cors": "BucketCors",
    "accelerate": "BucketAccelerateConfiguration",
    "requestPayment": "BucketRequestPayment",
}


def _s3_action(environ: Environ) -> str:
    """Named by hand: S3 routes by query, and this is asked for each object."""
    method = environ["REQUEST_METHOD"].capitalize()
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    host_style = _S3_HOST.match(environ.get("HTTP_HOST", "").split(":")[0]) is not None
    path = environ.get("PATH_INFO", "").strip("/")
    has_key = bool(path) if host_style else "/" in path
    named = [noun for name, noun in _S3_SUBRESOURCES.items() if name in query]
    if len(named) > 1:
        return "?"
    if named:
        return "ListObjectVersions" if named == ["ObjectVersions"] else f"{method}{named[0]}"
    if "uploads" in query or "uploadId" in query:
        return {"Post": "CreateMultipartUpload", "Put": "UploadPart"}.get(method, f"{method}MultipartUpload")
    if has_key:
        return "CopyObject" if method == "Put" and "HTTP_X_AMZ_COPY_SOURCE" in environ else f"{method}Object"
    if method == "Get":
        return "ListObjectsV2" if path or host_style else "ListBuckets"
    if method == "Post" and "delete" in query:
        return "DeleteObjects"
    return {"Put": "CreateBucket"}.get(method, f"{method}Bucket")
