"""
Who may import whom (DESIGN.md, section 3), read from the sources.

    model <- components <- __main__        model <- previews, scripts, agent
    inside scripts: dr -> programs -> drills -> runbooks -> steps -> probes -> runs, people, stacks, packs
                    -> clouds -> fencing -> core
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("agent", "components", "model", "policies", "previews", "sandbox", "scripts")


@dataclass(frozen=True)
class Import:
    """`who` imports `what`, in this line. `typing_only` never runs: it is for type checkers."""

    who: str
    what: str
    line: int
    typing_only: bool

    def __str__(self) -> str:
        return f"{self.who} line {self.line}: {self.what}"


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    quiet = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
        for statement in node.body
        for inner in ast.walk(statement)
    }
    who = module_of(path)
    package = who if path.name == "__init__.py" else who.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(who, name.name, node.lineno, id(node) in quiet)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")
                base = ".".join([*parent[: len(parent) - node.level + 1], *([base] if base else [])])
            for name in node.names:
                yield Import(who, f"{base}.{name.name}", node.lineno, id(node) in quiet)


@cache
def all_imports() -> tuple[Import, ...]:
    paths = [ROOT / "__main__.py", *(path for top in OURS for path in (ROOT / top).rglob("*.py"))]
    return tuple(found for path in sorted(paths) if path.exists() for found in imports_of(path))


def below(module: str, *tops: str) -> bool:
    return any(module == top or module.startswith(f"{top}.") for top in tops)


def offences(who: str, what: tuple[str, ...], *, but: tuple[str, ...] = (), typing_counts: bool = False) -> list[str]:
    """Imports of `what` by `who`, except by the modules `but`."""
    return [
        str(it)
        for it in all_imports()
        if below(it.who, who)
        and below(it.what, *what)
        and not below(it.who, *but)
        and (typing_counts or not it.typing_only)
    ]


def test_the_sources_were_read() -> None:
    """The rules below would all hold for an empty list."""
    assert len({it.who for it in all_imports()}) > 50
    assert any(below(it.who, "scripts.stacks") and below(it.what, "model") for it in all_imports())


def test_the_plans_models_know_neither_pulumi_nor_the_programs() -> None:
    others = (
        "pulumi",
        "pulumi_aws",
        "pulumi_kubernetes",
        "pulumi_azure_native",
        *(top for top in OURS if top != "model"),
    )
    assert offences("model", others, typing_counts=True) == []


def test_components_know_nothing_of_what_moves_them() -> None:
    assert offences("components", ("agent", "previews", "scripts", "sandbox", "policies"), typing_counts=True) == []


def test_the_program_only_declares() -> None:
    assert offences("__main__", ("scripts", "sandbox", "policies", "boto3"), typing_counts=True) == []


def test_the_policy_pack_stands_alone() -> None:
    """It runs with its own folder as working directory, where none of our packages can be found."""
    assert offences("policies", tuple(top for top in OURS if top != "policies"), typing_counts=True) == []


@pytest.mark.parametrize("part", ["agent", "previews", "scripts"])
def test_programs_know_the_plan_but_no_component(part: str) -> None:
    assert offences(part, ("components",), typing_counts=True) == []


def test_the_sandbox_knows_the_plan_but_no_program() -> None:
    """Its pods run the sentinel by name, as a cluster runs an image."""
    assert offences("sandbox", ("agent", "components", "policies", "previews", "scripts")) == []


def test_few_places_know_that_there_is_a_sandbox() -> None:
    """The choice of the engine, `dr sandbox`, and the drills, which need a world to break."""
    known = ("scripts.stacks.stacks", "scripts.sandbox_cli", "scripts.drills")
    assert offences("scripts", ("sandbox",), but=known) == []


@pytest.mark.parametrize(
    ("library", "only"),
    [
        ("pulumi.automation", ("scripts.stacks.stacks",)),
        ("pulumi", ("scripts.stacks.stacks", "scripts.packs.analyzer")),
        ("dbos", ("scripts.runs.durable",)),
        ("boto3", ("scripts.clouds.aws",)),
        ("botocore", ("scripts.clouds.aws",)),
        ("kubernetes", ("scripts.clouds.kubernetes",)),
        ("azure", ("scripts.clouds.azure",)),
        ("apprise", ("scripts.people.sending",)),
        ("matplotlib", ("scripts.reports",)),
    ],
)
def test_each_library_is_reached_through_one_door(library: str, only: tuple[str, ...]) -> None:
    assert offences("scripts", (library,), but=only) == []


# From the top down: a part may import its own kind and what stands below it.
LAYERS = (
    ("scripts.dr",),
    ("programs",),
    ("scripts.drills",),
    ("scripts.runbooks",),
    ("scripts.steps",),
    ("scripts.probes",),
    ("scripts.runs", "scripts.people", "scripts.stacks", "scripts.packs"),
    ("scripts.clouds",),
    ("scripts.fencing",),
    ("scripts.core",),
)
SUPPORT = tuple(name for names in LAYERS[6:] for name in names)


def layer(module: str) -> int | None:
    for depth, names in enumerate(LAYERS):
        if below(module, *names):
            return depth
    if below(module, "scripts.reports") or not module.startswith("scripts."):
        return None
    return 1


def test_scripts_import_downwards_only() -> None:
    upwards = []
    for it in all_imports():
        mine, other = layer(it.who), layer(it.what)
        if mine is None or other is None or it.typing_only:
            continue
        # A program run by its file hands over to `dr`; a drill and a failback are made of other programs.
        if it.what.startswith("scripts.dr") and not it.what.startswith("scripts.drills") and mine == 1:
            continue
        if other < mine and not (below(it.who, "scripts.drills") and other == 1):
            upwards.append(str(it))
    assert upwards == []


# What stands beside the programs, and what it uses of them. A preview asks the policy pack as `dr policy` does.
BESIDE = {
    "agent": ("scripts.clouds", "scripts.fencing", "scripts.core"),
    "previews": (*SUPPORT, "scripts.policy"),
    "scripts.reports": ("scripts.reports", *SUPPORT),
}


@pytest.mark.parametrize("part", BESIDE)
def test_parts_beside_the_programs_use_what_supports_them_only(part: str) -> None:
    found = [it for it in all_imports() if below(it.who, part) and below(it.what, "scripts")]
    assert [str(it) for it in found if not below(it.what, *BESIDE[part])] == []
