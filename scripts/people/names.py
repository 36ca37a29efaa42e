"""
Names of people, so that one person cannot agree twice under two spellings.

A name here is an attestation: the operator says who agreed, and nothing proves it. What can be done is that names which
a reader takes for the same one count once, and that a plan which lists its people takes nobody else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import combinations

from scripts.core.errors import BadInput

LONGEST = 80
BESIDES_LETTERS = frozenset(" .,'-_@+0123456789")
# Letters and digits that are read as one another in usual type (Unicode, UTS #39, "Confusable Detection").
_READ_AS = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "5": "s", "8": "b"})
# Latin letters of living alphabets that are no letter from a to z with an accent, and what they are read as. Every
# other one (phonetic, small capitals, letterlike) is refused: most of them look like one from a to z.
_BESIDES_A_TO_Z = {
    "\u00e6": "ae", "\u0153": "oe", "\u00f8": "o", "\u0111": "d", "\u0127": "h", "\u0142": "l", "\u00f0": "d",
    "\u00fe": "p", "\u00df": "ss", "\u014b": "n", "\u0131": "l",
}  # fmt: skip


def person(name: str) -> str:
    """
    `name` in the one form in which it is compared and recorded: normal form, spaces as one, case as given.

    Raises BadInput for what is no name that a person could tell from others: letters that are not Latin, invisible or
    control characters, no letter at all.
    """
    given = unicodedata.normalize("NFKC", name)
    strange = [char for char in given if not _allowed(char)]
    if strange:
        raise BadInput(
            f"{name!r} is no name here: {_said(strange[0])} can look like something else, or like nothing",
            "write names in Latin letters, as the plan lists them",
        )
    plain = " ".join(given.split())
    if not any(char.isalpha() for char in plain) or len(plain) > LONGEST:
        raise BadInput(f"{name!r} is no name of a person", "write the name of who agreed")
    return plain


def same(name: str) -> str:
    """What is equal for two names that are one person, or that a reader would take for one."""
    letters = unicodedata.normalize("NFKD", person(name)).casefold()
    bare = "".join(_BESIDES_A_TO_Z.get(char, char) for char in letters if char.isalnum())
    return bare.translate(_READ_AS).replace("rn", "m").replace("vv", "w")


def different(names: Iterable[str]) -> tuple[str, ...]:
    """Each person once, in the order given. Raises BadInput for two names that differ and look alike."""
    found: dict[str, str] = {}
    for name in map(person, names):
        known = found.setdefault(same(name), name)
        if _folded(known) != _folded(name):
            raise BadInput(f"{known!r} and {name!r} look alike", "name each person once, as the plan lists them")
    return tuple(found.values())


def listed(names: Sequence[str], people: Sequence[str]) -> tuple[str, ...]:
    """`names` as the plan's list `people` has them. Raises BadInput for one that is not on it. No list: anybody."""
    if not people:
        return different(names)
    known = {_folded(person(each)): each for each in people}
    found = []
    for name in names:
        if _folded(person(name)) not in known:
            raise BadInput(f"{name!r} is not among the people of the plan", f"they are {', '.join(people)}")
        found.append(known[_folded(person(name))])
    return different(found)


def is_listed(name: str, people: Sequence[str]) -> bool:
    """Is it one of the plan's people?"""
    return _folded(name) in {_folded(person(each)) for each in people}


def alike(people: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of a list that would count as one person."""
    return [(a, b) for a, b in combinations(people, 2) if same(a) == same(b)]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _allowed(char: str) -> bool:
    if char in BESIDES_LETTERS:
        return True
    if unicodedata.category(char) == "Mn":
        return unicodedata.name(char, "").startswith("COMBINING") and bool(unicodedata.combining(char))
    letters = [each for each in unicodedata.normalize("NFKD", char).casefold() if not unicodedata.combining(each)]
    return bool(letters) and all("a" <= each <= "z" or each in _BESIDES_A_TO_Z for each in letters)


def _said(char: str) -> str:
    return f"{unicodedata.name(char, 'a control character')} (U+{ord(char):04X})"
