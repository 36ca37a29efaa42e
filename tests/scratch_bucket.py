"""
A real object store on this machine, and buckets in it that end with their test.

All that run in one process share what they hold, so a bucket that stays would be in the way of the next test.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.server import ThreadedMotoServer

from scripts.clouds.aws.objects import Bucket
from scripts.clouds.aws.session import Session


@contextmanager
def object_store() -> Iterator[str]:
    """Its endpoint, which is that of every session made inside."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    env = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    try:
        with patch.dict(os.environ, env):
            yield endpoint
    finally:
        server.stop()


@contextmanager
def bucket(name: str, region: str = "us-east-1", *, versions: bool = False) -> Iterator[Bucket]:
    """One in the store that `object_store` opened, gone at the end with all that it holds."""
    session = Session()
    s3: Any = session.client("s3", region)
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)
    if versions:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    try:
        yield Bucket(session, region, name)
    finally:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                s3.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
        s3.delete_bucket(Bucket=name)
