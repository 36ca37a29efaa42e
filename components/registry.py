"""Which components a cloud has: the one table. A cloud's SDK is loaded with the first stack that needs it."""

from collections.abc import Callable, Mapping

from components.parts import CloudComponents


def _aws() -> CloudComponents:
    from components.aws.catalogue import COMPONENTS  # noqa: PLC0415 (the SDK of one cloud is no need of another)

    return COMPONENTS


def _azure() -> CloudComponents:
    from components.azure.catalogue import COMPONENTS  # noqa: PLC0415 (as above)

    return COMPONENTS


CLOUDS: Mapping[str, Callable[[], CloudComponents]] = {"aws": _aws, "azure": _azure}


def components_of(cloud: str) -> CloudComponents:
    """Raises KeyError for a cloud without components; the check of the plan refuses it before."""
    return CLOUDS[cloud]()
