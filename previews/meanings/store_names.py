"""
What may hold data beside the types of which the table of meanings knows more.

The list of types, their former names and the words that give a store away are those of the policy pack: what a rule
takes for a database and what a report takes for one are the same.
"""

from __future__ import annotations

from policies.rules.kernel.stores import CONTAINERS, holds_data, noun_of
from previews.meanings import STORES
from previews.meanings.kubernetes.custom import OWNERS, is_own
from previews.meanings.table import StoreKind

# Providers whose resources are figures, files or commands of the program itself.
_NO_STORES = frozenset({"random", "command", "time", "null", "local", "archive", "external", "http", "std"})
# Providers of which the list has every type that holds data: of theirs, the others hold none.
_WHOLE = frozenset(kind.partition(":")[0] for kind in STORES) - frozenset(kind.partition(":")[0] for kind in OWNERS)


def store_kind(kind: str) -> StoreKind | None:
    """What a type holds, as far as anybody knows; None where it holds nothing."""
    if (store := STORES.get(kind)) is not None:
        return store
    if kind in OWNERS:
        return StoreKind(kind, OWNERS[kind], contains=True)
    if (noun := noun_of(kind)) is not None:
        return StoreKind(kind, noun, contains=kind in CONTAINERS)
    leaf = kind.rpartition(":")[2]
    held = holds_data(kind)
    if held == "likely":
        return StoreKind(kind, f"{leaf} (by its name)", listed=False)
    if held == "no" or kind.partition(":")[0] in _WHOLE | _NO_STORES or is_own(kind):
        return None
    return StoreKind(kind, f"{leaf}, of which nobody here knows whether it holds data", listed=False, known=False)
