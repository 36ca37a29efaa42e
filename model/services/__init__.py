"""
Services: what runs. Each kind has a file here, with what a plan can say of it and its traits.

A plan names the kind of each service (`kind: pods`), and pydantic chooses the model by it.
"""

from typing import Annotated

from pydantic import Field

from .base import BaseService, ImageService, Replicas, ServiceTraits
from .pods import Pods
from .static_site import StaticSite
from .vm_group import VmGroup
from .web_app import WebApp

KINDS = (Pods, WebApp, StaticSite, VmGroup)
"""Every kind of service, by its model."""

Service = Annotated[Pods | WebApp | StaticSite | VmGroup, Field(discriminator="kind")]

__all__ = [
    "KINDS",
    "BaseService",
    "ImageService",
    "Pods",
    "Replicas",
    "Service",
    "ServiceTraits",
    "StaticSite",
    "VmGroup",
    "WebApp",
]
