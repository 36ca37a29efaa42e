"""What approvals promise of names, for any names: one person never counts as two, and nobody is lost."""

from __future__ import annotations

import unicodedata
from itertools import combinations

from hypothesis import example, given
from hypothesis import strategies as st

from scripts.core.errors import BadInput
from scripts.people import names

PEOPLE = ("Ada Byron", "Grace Hopper", "Lin Wei", "Olga O'Neil", "paul.modern@example.org")
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202e\u2066\u2069\u034f\u115f\u3164\ufe0f\U000e0061"
SPACES = " \t\n\u00a0\u2002\u2009\u3000\u205f"
LOOKS_LIKE = {
    "a": "\u0430\u03b1\u0251\uff41\U0001d41a", "e": "\u0435\uff45\u212e", "o": "0\u043e\u03bf\u0585\uff4f\U0001d428",
    "i": "1l|\u0456\u03b9\u0131\uff49", "l": "1iI|\u04cf\u2113\uff4c", "p": "\u0440\u03c1\uff50", "c": "\u0441\uff43",
    "n": "\u0578\uff4e", "y": "\u0443\uff59", "r": "\u0433\uff52", "w": "\u0461\uff57",
}  # fmt: skip
ANY_TEXT = st.text(max_size=30)


@st.composite
def spelled_anew(draw: st.DrawFn, name: str) -> str:
    """The same name as somebody would write it who wants to count as another person."""
    made = []
    ways = draw(st.sets(st.sampled_from(["upper", "lower", "looks like", "accent", "hidden", "space"]), max_size=2))
    for char in name:
        given_as = draw(st.sampled_from(["as it is", *sorted(ways)]))
        alike = LOOKS_LIKE.get(char.lower(), "")
        made.append({
            "as it is": char, "upper": char.upper(), "lower": char.lower(),
            "looks like": draw(st.sampled_from(alike)) if alike else char,
            "accent": char + draw(st.sampled_from("\u0301\u0308\u0327")) if char.isalpha() else char,
            "hidden": char + draw(st.sampled_from(INVISIBLE)),
            "space": char + draw(st.sampled_from(SPACES)),
        }[given_as])  # fmt: skip
    form = draw(st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
    return unicodedata.normalize(form, "".join(made))  # type: ignore[arg-type]  # one of the four


@st.composite
def a_person_twice(draw: st.DrawFn) -> tuple[str, str]:
    name = draw(st.sampled_from(PEOPLE))
    return name, draw(spelled_anew(name))


@given(a_person_twice())
@example(("Ada Byron", "\u0251da Byron"))
@example(("Lin Wei", "L\u0131n Wei"))
@example(("Grace Hopper", "\u0262race Hopper"))
@example(("Olga O'Neil", "\u00d8lga O'Neil"))
@example(("Lin Wei", "\u0141in Wei"))
def test_one_person_in_any_spelling_is_never_two(pair: tuple[str, str]) -> None:
    try:
        counted = names.different(pair)
    except BadInput:
        return
    assert len(counted) == 1, pair


@given(a_person_twice())
def test_a_plan_takes_any_spelling_for_its_own_person_or_for_nobody(pair: tuple[str, str]) -> None:
    name, other = pair
    try:
        assert names.listed([other], PEOPLE) == (name,)
    except BadInput:
        return


@given(st.lists(ANY_TEXT, max_size=5))
@example(["\u01c6a", "dza"])
@example(["\ufb01n", "fin"])
@example(["\u017fam", "sam"])
@example(["ß", "ss"])
@example(["İda", "ida"])
def test_who_is_counted_is_legible_and_unlike_all_others(given_names: list[str]) -> None:
    try:
        counted = names.different(given_names)
    except BadInput:
        return
    for name in counted:
        assert name == names.person(name), "the recorded form is final"
        assert name == " ".join(name.split())
        assert all(unicodedata.category(char)[0] not in "CZ" or char == " " for char in name)
    assert all(names.same(a) != names.same(b) for a, b in combinations(counted, 2))


@given(st.lists(st.sampled_from(PEOPLE), max_size=8), ANY_TEXT)
def test_those_of_the_plan_count_and_nobody_else_does(agreed: list[str], stranger: str) -> None:
    assert set(names.listed(agreed, PEOPLE)) == set(agreed)
    try:
        found = names.listed([*agreed, stranger], PEOPLE)
    except BadInput:
        return
    assert set(found) <= set(PEOPLE)


@given(ANY_TEXT)
def test_a_name_is_refused_or_stays_itself(text: str) -> None:
    try:
        name = names.person(text)
    except BadInput:
        return
    assert names.same(name) == names.same(text) == names.same(text.swapcase() if text.isascii() else text)
    assert len(names.different([name, text])) == 1
