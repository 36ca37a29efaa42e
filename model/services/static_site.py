"""Files that a cloud serves without any server of ours."""

from typing import ClassVar, Literal

from model.base import Text

from .base import BaseService, ServiceTraits


class StaticSite(BaseService):
    """`repository` is where its files are built from, and so what it is deployed from anew."""

    traits: ClassVar[ServiceTraits] = ServiceTraits(scales=False, goes_back_to="site_files")
    kind: Literal["static_site"]
    repository: Text | None = None
