"""The provider's way to the gateway: one client per service and region, made when it is first needed."""

import base64
import threading
import time
from collections.abc import Callable
from typing import Any

from sandbox.clouds.aws.keys import Key
from sandbox.providers.resource import Refused

GLOBAL_REGION = "us-east-1"
LONGEST_WAIT_SECONDS = 600.0


class Cloud:
    """`endpoint` is the gateway's URL, and `key` the world's."""

    def __init__(self, endpoint: str, key: Key, account: str) -> None:
        self._endpoint = endpoint
        self._keys = {"aws_access_key_id": key.name, "aws_secret_access_key": key.secret}
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self.account = account

    def client(self, service: str, region: str) -> Any:
        with self._lock:  # making clients from one session is not safe across threads
            if (service, region) not in self._clients:
                self._clients[service, region] = self._make(service, region)
            return self._clients[service, region]

    def token(self, cluster: str, region: str) -> str:
        """What opens a cluster of EKS, made as `aws eks get-token` makes it."""
        from botocore.auth import SigV4QueryAuth  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415
        from botocore.credentials import Credentials  # noqa: PLC0415

        question = f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
        request = AWSRequest("GET", question, headers={"x-k8s-aws-id": cluster})
        key = Credentials(self._keys["aws_access_key_id"], self._keys["aws_secret_access_key"])
        SigV4QueryAuth(key, "sts", region, expires=60).add_auth(request)
        return "k8s-aws-v1." + base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")

    def _make(self, service: str, region: str) -> Any:
        import boto3  # noqa: PLC0415 - costs a fifth of a second, which the start of a world does not need
        from botocore.config import Config  # noqa: PLC0415

        config = Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"total_max_attempts": 2},
            max_pool_connections=32,
            s3={"addressing_style": "path"},
            proxies={},  # whatever the shell says: this call stays on loopback
        )
        make: Any = boto3.client
        return make(service, region_name=region, endpoint_url=self._endpoint, config=config, **self._keys)


def is_cloud_error(error: BaseException) -> bool:
    """Is this the cloud's own answer, to be shown as it is?"""
    return type(error).__module__.startswith("botocore")


def code_of(error: BaseException) -> str:
    """The API's error code, or ""."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def wait_for(look: Callable[[], Any], what: str, timeout: float = LONGEST_WAIT_SECONDS) -> Any:
    """Ask until the answer is truthy. Raises Refused when it takes longer than `timeout` seconds."""
    deadline, pause = time.monotonic() + timeout, 0.02
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Refused(f"waited {timeout:g} s for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)


def missing_is_none(ask: Callable[[], Any], *codes: str) -> Any:
    """The answer, or None when the API says that there is no such thing."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        return ask()
    except ClientError as error:
        if code_of(error) in codes or code_of(error) == "404":
            return None
        raise
