"""moto's server application, with the overlays in the places of the responses that they complete."""

import importlib
import sys
import threading
from types import ModuleType

import boto3
import botocore.session
from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import create_backend_app

from sandbox.clouds.aws.overlays import OVERLAYS
from sandbox.clouds.context import Context
from sandbox.clouds.server import Application

WARM_FIRST = (
    *("s3", "rds", "route53", "kms", "secretsmanager", "iam", "elbv2", "eks"),
    *("backup", "cloudwatch", "sns", "sts"),
)
"""What the first `up` asks for, so that it does not wait for imports."""


class MotoApplication:
    """
    moto for one world. moto keeps its state in its modules, so a process can hold one world at a time.

    The gateway says which service a request is for, by its signature: moto's own guess, from path, host and body, could
    be led to another one, and to the server's own interface, which asks nobody for anything.

    An overlay module names the moto response classes that it replaces (`RESPONSES`) and may have `start(context)`,
    called once its service is in use. It takes their place in moto's own table of URLs.
    """

    def __init__(self, context: Context) -> None:
        reset()
        default_user_config.setdefault("iam", {})["load_aws_managed_policies"] = True
        self._context = context
        self._lock = threading.RLock()
        self._applications: dict[str, Application] = {}

    def warm(self) -> None:
        for service in WARM_FIRST:
            if self._context.stopping.is_set():
                return
            self.application(service)

    def application(self, service: str) -> Application:
        """What answers for one service of moto."""
        with self._lock:
            if service not in self._applications:
                if service in OVERLAYS:
                    install(service, self._context)
                self._applications[service] = create_backend_app(service)
            return self._applications[service]


def load() -> None:
    """Load what a world would wait for: modules, and the descriptions of APIs that moto and clients read."""
    session = botocore.session.get_session()
    boto3.setup_default_session(botocore_session=session)
    descriptions = session.get_component("data_loader")
    for service in WARM_FIRST:
        importlib.import_module(f"moto.{service}.urls")
        if service in OVERLAYS:
            _overlay(service)
        get_service_model(service)
        descriptions.load_service_model(service, "service-2")


def _overlay(service: str) -> ModuleType:
    return importlib.import_module(f"sandbox.clouds.aws.overlays.{OVERLAYS[service]}")


def install(service: str, context: Context) -> None:
    """Put the overlay's responses where moto's URLs lead to."""
    overlay = _overlay(service)
    urls = importlib.import_module(getattr(overlay, "URLS", f"moto.{service}.urls"))
    for original, overlaid in overlay.RESPONSES.items():
        bound = type(overlaid.__name__, (overlaid,), {"context": context})
        for pattern, handler in list(urls.url_paths.items()):
            owner = getattr(handler, "__self__", None)
            owner = owner if isinstance(owner, type) else type(owner)
            if issubclass(owner, original):
                urls.url_paths[pattern] = getattr(bound, handler.__name__)
        for pattern, method in getattr(overlay, "EXTRA_URLS", {}).items():
            urls.url_paths[pattern] = getattr(bound, method)
        for name, value in list(vars(urls).items()):
            if isinstance(value, type) and issubclass(value, original):
                setattr(urls, name, bound)
    start = getattr(overlay, "start", None)
    if start is not None:
        start(context)


def reset() -> None:
    """Empty what an earlier world of this process left in moto."""
    for service in {*OVERLAYS, *WARM_FIRST, "ec2"}:
        if f"moto.{service}.models" not in sys.modules:
            continue
        backend = get_backend(service)
        if isinstance(backend, BackendDict):
            backend.reset()
