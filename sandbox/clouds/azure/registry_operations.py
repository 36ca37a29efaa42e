"""
What a registry is asked for: blobs, manifests and tags of OCI's distribution protocol, and what Azure's own REST API
says of them. Who asks, and which copy answers, is decided before (`registry_service.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from sandbox.clouds.azure.images import Allowed, Copy, ImageStore, Manifest, Repository, Tag, named_by
from sandbox.clouds.azure.kind import Record
from sandbox.clouds.azure.kinds.containerregistry import data_host
from sandbox.clouds.azure.messages import Request, Response, as_json
from sandbox.clouds.azure.tokens import BadToken, Claims, Tokens

MANIFESTS = frozenset({
    "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
})  # fmt: skip
REPOSITORY = re.compile(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*")
TAG = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
DATA_SECONDS, LONGEST_LIST = 300, 100


class Refusal(Exception):
    """In the words of the protocol. `scope` makes it a challenge."""

    def __init__(self, status: int, code: str, message: str, scope: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.scope = status, code, scope


@dataclass(frozen=True)
class Asked:
    """A request, and the copy in `region` that answers it."""

    request: Request
    registry: Record
    region: str
    copy: Copy

    def repository(self, name: str) -> Repository:
        found = self.copy.get(name)
        if found is None:
            raise Refusal(404, "NAME_UNKNOWN", f"repository {name} is not known to registry")
        return found

    def manifest(self, name: str, reference: str) -> Manifest:
        repository = self.repository(name)
        digest = repository.digest(reference)
        if digest is None:
            raise Refusal(404, "MANIFEST_UNKNOWN", f"manifest {reference} is not found in {name}")
        return repository.manifests[digest]


Answer = Callable[..., Response]


class Operations:
    """What can be done, by method and path. `find` gives the action that a role has to allow, and what does it."""

    def __init__(self, images: ImageStore, tokens: Tokens) -> None:
        self._images, self._tokens = images, tokens
        self._uploads: dict[str, bytes] = {}
        whole = f"(?P<name>{REPOSITORY.pattern})"
        self._table: tuple[tuple[str, re.Pattern[str], str, Answer], ...] = tuple(
            (method, re.compile(path.replace("NAME", whole)), action, answer)
            for method, path, action, answer in (
                ("POST", "/v2/NAME/blobs/uploads/", "push", self._start),
                ("PATCH", "/v2/NAME/blobs/uploads/(?P<upload>[0-9a-f]+)", "push", self._chunk),
                ("PUT", "/v2/NAME/blobs/uploads/(?P<upload>[0-9a-f]+)", "push", self._complete),
                ("GET", "/v2/NAME/blobs/(?P<digest>[^/]+)", "pull", self._blob),
                ("HEAD", "/v2/NAME/blobs/(?P<digest>[^/]+)", "pull", self._blob),
                ("PUT", "/v2/NAME/manifests/(?P<reference>[^/]+)", "push", self._put_manifest),
                ("GET", "/v2/NAME/manifests/(?P<reference>[^/]+)", "pull", self._manifest),
                ("HEAD", "/v2/NAME/manifests/(?P<reference>[^/]+)", "pull", self._manifest),
                ("DELETE", "/v2/NAME/manifests/(?P<reference>[^/]+)", "delete", self._delete_manifest),
                ("GET", "/v2/NAME/tags/list", "pull", self._names_of_tags),
                ("GET", "/acr/v1/_catalog", "*", self._catalog),
                ("GET", "/acr/v1/NAME/_tags", "metadata_read", self._tags),
                ("GET", "/acr/v1/NAME/_tags/(?P<tag>[^/]+)", "metadata_read", self._tag),
                ("PATCH", "/acr/v1/NAME/_tags/(?P<tag>[^/]+)", "metadata_write", self._change_tag),
                ("DELETE", "/acr/v1/NAME/_tags/(?P<tag>[^/]+)", "delete", self._delete_tag),
                ("GET", "/acr/v1/NAME/_manifests", "metadata_read", self._manifests),
                ("GET", "/acr/v1/NAME/_manifests/(?P<reference>[^/]+)", "metadata_read", self._about_manifest),
                ("PATCH", "/acr/v1/NAME/_manifests/(?P<reference>[^/]+)", "metadata_write", self._change_manifest),
                ("GET", "/acr/v1/NAME", "metadata_read", self._about),
                ("DELETE", "/acr/v1/NAME", "delete", self._delete),
            )
        )

    def find(self, method: str, path: str) -> tuple[str, Mapping[str, str], Answer] | None:
        for verb, pattern, action, answer in self._table:
            found = pattern.fullmatch(path)
            if found is not None and verb == method:
                return action, found.groupdict(), answer
        return None

    # blobs ------------------------------------------------------------------------------------------------------------
    def _start(self, asked: Asked, name: str) -> Response:
        upload = secrets.token_hex(16)
        self._uploads[upload] = b""
        return self._going_on(name, upload, 202)

    def _going_on(self, name: str, upload: str, status: int) -> Response:
        end = max(0, len(self._uploads[upload]) - 1)
        headers = {"Location": f"/v2/{name}/blobs/uploads/{upload}", "Range": f"0-{end}", "Docker-Upload-UUID": upload}
        return Response(status, headers)

    def _chunk(self, asked: Asked, name: str, upload: str) -> Response:
        self._known(upload)
        self._uploads[upload] += asked.request.body
        return self._going_on(name, upload, 202)

    def _known(self, upload: str) -> None:
        if upload not in self._uploads:
            raise Refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")

    def _complete(self, asked: Asked, name: str, upload: str) -> Response:
        self._known(upload)
        data = self._uploads[upload] + asked.request.body
        digest = asked.request.query.get("digest", "")
        if digest != _digest(data):
            raise Refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        del self._uploads[upload]

        def change(copy: Copy) -> None:
            copy.setdefault(name, Repository()).blobs[digest] = data

        self._change(asked, change)
        return Response(201, {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})

    def _blob(self, asked: Asked, name: str, digest: str) -> Response:
        data = asked.repository(name).blobs.get(digest)
        if data is None:
            raise Refusal(404, "BLOB_UNKNOWN", f"blob {digest} is not found in {name}")
        if asked.request.method == "GET" and asked.registry.properties["dataEndpointEnabled"]:
            path = f"/{name}/{digest}"
            key = self._tokens.make(Claims("", "", path), seconds=DATA_SECONDS)
            where = f"https://{data_host(asked.registry, asked.region)}{quote(path)}?sig={quote(key)}"
            return Response(307, {"Location": where, "Docker-Content-Digest": digest})
        return _bytes(asked.request, data, {"Docker-Content-Digest": digest})

    def data(self, request: Request, registry: Record, region: str) -> Response:
        """A data endpoint gives out what the registry has led to it, to whoever holds the link."""
        try:
            claims = self._tokens.verify(request.query.get("sig", ""), frozenset({request.path}))
        except (BadToken, ValueError, KeyError) as error:
            raise Refusal(403, "DENIED", f"the link is not valid: {error}") from error
        if claims.object_id:  # the login signs for whatever somebody names, and asks for no role
            raise Refusal(403, "DENIED", "the link is not valid: it is a token of somebody, and no link")
        name, _, digest = request.path.lstrip("/").rpartition("/")
        with self._images.lock:
            asked = Asked(request, registry, region, self._images.copy(registry.id.name, region))
            data = asked.repository(name).blobs.get(digest)
        if data is None:
            raise Refusal(404, "BLOB_UNKNOWN", f"blob {digest} is not found in {name}")
        return _bytes(request, data, {})

    # manifests --------------------------------------------------------------------------------------------------------
    def _put_manifest(self, asked: Asked, name: str, reference: str) -> Response:
        data, kind = asked.request.body, asked.request.headers.get("content-type", "")
        digest, now = _digest(data), time.time()
        if kind not in MANIFESTS:
            raise Refusal(415, "MANIFEST_INVALID", f"manifests of {kind} are not taken")
        if not (TAG.fullmatch(reference) or reference == digest):
            raise Refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        known = asked.copy.get(name, Repository())
        try:
            missing = [each for each in named_by(data) if each not in {*known.blobs, *known.manifests}]
        except (ValueError, AttributeError, TypeError) as error:
            raise Refusal(400, "MANIFEST_INVALID", f"manifest invalid: {error}") from error
        if missing:
            raise Refusal(404, "MANIFEST_BLOB_UNKNOWN", f"blob {missing[0]} is unknown to registry")
        before = known.tags.get(reference)
        if before is not None and not before.allowed.write:
            raise _locked(f"the tag {reference}")

        def change(copy: Copy) -> None:
            repository = copy.setdefault(name, Repository())
            repository.put_manifest(Manifest(digest, kind, data, now))
            if reference != digest:
                repository.put_tag(reference, digest, now)

        self._change(asked, change)
        return Response(201, {"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest})

    def _manifest(self, asked: Asked, name: str, reference: str) -> Response:
        found = asked.manifest(name, reference)
        return Response(200, {"Content-Type": found.media_type, "Docker-Content-Digest": found.digest}, found.data)

    def _delete_manifest(self, asked: Asked, name: str, reference: str) -> Response:
        """Together with its tags, in every region: a copy is no backup."""
        if not DIGEST.fullmatch(reference):
            raise Refusal(405, "UNSUPPORTED", "a manifest is deleted by its digest")
        found = asked.manifest(name, reference)
        tags = [tag for tag in asked.repository(name).tags.values() if tag.digest == reference]
        if not all([found.allowed.delete, *(each.allowed.delete for each in tags)]):
            raise _locked(f"the manifest {reference}")
        self._change(asked, lambda copy: copy.get(name, Repository()).remove_manifest(reference))
        return Response(202)

    def _names_of_tags(self, asked: Asked, name: str) -> Response:
        return as_json(200, {"name": name, "tags": sorted(asked.repository(name).tags)})

    # what Azure adds --------------------------------------------------------------------------------------------------
    def _catalog(self, asked: Asked) -> Response:
        return _page(asked, "repositories", sorted(asked.copy))

    def _about(self, asked: Asked, name: str) -> Response:
        found = asked.repository(name)
        times = [*(each.at for each in found.manifests.values()), *(each.at for each in found.tags.values())]
        shown = {
            "registry": asked.request.host,
            "imageName": name,
            "createdTime": _time(min(times, default=0.0)),
            "lastUpdateTime": _time(max(times, default=0.0)),
            "manifestCount": len(found.manifests),
            "tagCount": len(found.tags),
            "changeableAttributes": _attributes(Allowed()),
        }
        return as_json(200, shown)

    def _delete(self, asked: Asked, name: str) -> Response:
        found = asked.repository(name)
        allowed = [*(it.allowed for it in found.manifests.values()), *(it.allowed for it in found.tags.values())]
        if not all(each.delete for each in allowed):
            raise _locked(f"the repository {name}")
        self._change(asked, lambda copy: copy.pop(name, None))
        return as_json(202, {"manifestsDeleted": sorted(found.manifests), "tagsDeleted": sorted(found.tags)})

    def _tags(self, asked: Asked, name: str) -> Response:
        wanted = asked.request.query.get("digest")
        found = asked.repository(name).tags
        shown = [_shown_tag(tag, found[tag]) for tag in sorted(found) if wanted in (None, found[tag].digest)]
        return _page(asked, "tags", shown, name)

    def _tag(self, asked: Asked, name: str, tag: str) -> Response:
        shown = _shown_tag(tag, self._found_tag(asked, name, tag))
        return as_json(200, {"registry": asked.request.host, "imageName": name, "tag": shown})

    def _change_tag(self, asked: Asked, name: str, tag: str) -> Response:
        allowed = _changed(self._found_tag(asked, name, tag).allowed, asked.request)

        def change(copy: Copy) -> None:
            tags = copy.get(name, Repository()).tags
            if tag in tags:
                tags[tag] = replace(tags[tag], allowed=allowed)

        self._change(asked, change)
        return self._tag(asked, name, tag)

    def _delete_tag(self, asked: Asked, name: str, tag: str) -> Response:
        """Its manifest stays, without a tag."""
        if not self._found_tag(asked, name, tag).allowed.delete:
            raise _locked(f"the tag {tag}")
        self._change(asked, lambda copy: copy.get(name, Repository()).tags.pop(tag, None))
        return Response(202)

    def _found_tag(self, asked: Asked, name: str, tag: str) -> Tag:
        found = asked.repository(name).tags.get(tag)
        if found is None:
            raise Refusal(404, "TAG_UNKNOWN", f"the tag {tag} is not found in {name}")
        return found

    def _manifests(self, asked: Asked, name: str) -> Response:
        found = asked.repository(name)
        shown = [_shown_manifest(found, each) for each in sorted(found.manifests.values(), key=lambda it: it.at)]
        return _page(asked, "manifests", shown, name)

    def _about_manifest(self, asked: Asked, name: str, reference: str) -> Response:
        found = asked.manifest(name, reference)
        shown = _shown_manifest(asked.repository(name), found)
        return as_json(200, {"registry": asked.request.host, "imageName": name, "manifest": shown})

    def _change_manifest(self, asked: Asked, name: str, reference: str) -> Response:
        found = asked.manifest(name, reference)
        allowed = _changed(found.allowed, asked.request)

        def change(copy: Copy) -> None:
            manifests = copy.get(name, Repository()).manifests
            if found.digest in manifests:
                manifests[found.digest] = replace(manifests[found.digest], allowed=allowed)

        self._change(asked, change)
        return self._about_manifest(asked, name, reference)

    def _change(self, asked: Asked, change: Callable[[Copy], Any]) -> None:
        self._images.change(asked.registry.id.name, asked.region, change)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _locked(what: str) -> Refusal:
    return Refusal(405, "UNSUPPORTED", f"The operation is disallowed: {what} is locked.")


def _bytes(request: Request, data: bytes, headers: Mapping[str, str]) -> Response:
    given = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", **headers}
    asked = RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None:
        return Response(200, {**given, "Content-Length": str(len(data))}, data)
    start, end = int(asked[1]), min(int(asked[2] or len(data) - 1), len(data) - 1)
    if start >= len(data):
        return Response(416, {"Content-Range": f"bytes */{len(data)}"})
    return Response(206, {**given, "Content-Range": f"bytes {start}-{end}/{len(data)}"}, data[start : end + 1])


def _page(asked: Asked, what: str, items: list[Any], name: str = "") -> Response:
    """`n` are wanted after `last`; the rest is linked to."""
    query = asked.request.query
    most, last = min(int(query.get("n") or LONGEST_LIST), LONGEST_LIST), query.get("last", "")
    keys = [each if isinstance(each, str) else each.get("name") or each["digest"] for each in items]
    first = keys.index(last) + 1 if last in keys else 0
    shown, headers = items[first : first + most], {}
    if first + most < len(items):
        after = f"last={quote(keys[first + most - 1])}&n={most}"
        headers = {"Link": f'<{asked.request.path}?{after}>; rel="next"'}
    return as_json(200, {"registry": asked.request.host, "imageName": name, what: shown}, headers)


def _shown_tag(name: str, tag: Tag) -> dict[str, Any]:
    return {
        "name": name,
        "digest": tag.digest,
        "createdTime": _time(tag.created),
        "lastUpdateTime": _time(tag.at),
        "signed": False,
        "changeableAttributes": _attributes(tag.allowed),
    }


def _shown_manifest(repository: Repository, found: Manifest) -> dict[str, Any]:
    blobs = (repository.blobs.get(each, b"") for each in named_by(found.data))
    return {
        "digest": found.digest,
        "mediaType": found.media_type,
        "imageSize": len(found.data) + sum(len(each) for each in blobs),
        "createdTime": _time(found.at),
        "lastUpdateTime": _time(found.at),
        "tags": sorted(name for name, tag in repository.tags.items() if tag.digest == found.digest),
        "changeableAttributes": _attributes(found.allowed),
    }


def _attributes(allowed: Allowed) -> dict[str, bool]:
    return {f"{verb}Enabled": getattr(allowed, verb) for verb in ("delete", "write", "list", "read")}


def _changed(allowed: Allowed, request: Request) -> Allowed:
    given = json.loads(request.body or b"{}")
    said = {verb: given.get(f"{verb}Enabled") for verb in ("delete", "write", "list", "read")}
    return replace(allowed, **{verb: bool(value) for verb, value in said.items() if value is not None})


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1e6):06d}Z"
