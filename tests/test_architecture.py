"""
Who may import whom (DESIGN.md, section 3), read from the sources.

    model <- components <- __main__        model <- previews, scripts, agent
    inside scripts: dr -> programs -> drills -> runbooks -> steps -> acts -> probes -> runs, people, stacks, packs
                    -> clouds -> engines -> fencing -> core
"""

from __future__ import annotations

import ast
import re
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
    inside: bool = False
    """In a function: it runs when that is called."""

    def __str__(self) -> str:
        return f"{self.who} line {self.line}: {self.what}"


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def import_nodes(
    node: ast.AST, *, quiet: bool = False, inside: bool = False
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool, bool]]:
    """Each import, whether it is for type checkers alone, and whether it stands in a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, quiet, inside
        elif isinstance(child, ast.If) and ast.unparse(child.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            for statement in child.body:
                holder = ast.Module([statement], [])
                yield from import_nodes(holder, quiet=True, inside=inside)
            yield from import_nodes(ast.Module(child.orelse, []), quiet=quiet, inside=inside)
        elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            within = inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from import_nodes(child, quiet=quiet, inside=within)


@cache
def imports_of(path: Path) -> tuple[Import, ...]:
    return tuple(_imports_of(path))


def _imports_of(path: Path) -> Iterator[Import]:
    who = module_of(path)
    package = who if path.name == "__init__.py" else who.rpartition(".")[0]
    for node, quiet, inside in import_nodes(tree_of(path)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(who, name.name, node.lineno, quiet, inside)
            continue
        base = node.module or ""
        if node.level:
            parent = package.split(".")
            base = ".".join([*parent[: len(parent) - node.level + 1], *([base] if base else [])])
        for name in node.names:
            yield Import(who, f"{base}.{name.name}", node.lineno, quiet, inside)


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
        ("dbos", ("scripts.runs.durable", "scripts.runs.stored")),
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
    ("scripts.acts",),
    ("scripts.probes",),
    ("scripts.runs", "scripts.people", "scripts.stacks", "scripts.packs"),
    ("scripts.clouds",),
    ("scripts.engines",),
    ("scripts.fencing",),
    ("scripts.core",),
)
SUPPORT = tuple(name for names in LAYERS[7:] for name in names)


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


# What stands beside the programs, and what it uses of them. A preview asks the policy pack as `dr policy` does,
# and what the tables of the runbooks would take.
BESIDE = {
    "agent": ("scripts.clouds", "scripts.engines", "scripts.fencing", "scripts.core"),
    "previews": (*SUPPORT, "scripts.policy", "scripts.runbooks.forecasts"),
    "scripts.reports": ("scripts.reports", *SUPPORT),
}


@pytest.mark.parametrize("part", BESIDE)
def test_parts_beside_the_programs_use_what_supports_them_only(part: str) -> None:
    found = [it for it in all_imports() if below(it.who, part) and below(it.what, "scripts")]
    assert [str(it) for it in found if not below(it.what, *BESIDE[part])] == []


def test_no_step_imports_another() -> None:
    """What two of them do alike is an act."""
    assert offences("scripts.steps", ("scripts.steps",), typing_counts=True) == []


STEPS = sorted(path for path in (ROOT / "scripts" / "steps").glob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("path", STEPS, ids=lambda path: path.stem)
def test_a_file_of_steps_holds_one_step(path: Path) -> None:
    """The step is called like its file; besides it a file may say why it is refused."""
    tree = tree_of(path)
    public = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    assert [name for name in public if not name.startswith("why_not_")] == [path.stem]


def test_modules_do_not_import_in_circles() -> None:
    """At run time; a module that is only named in annotations may name its caller."""
    modules = {it.who for it in all_imports()}
    edges: dict[str, set[str]] = {}
    for it in all_imports():
        target = it.what if it.what in modules else it.what.rpartition(".")[0]
        if target in modules and target != it.who and not it.typing_only and not it.inside:
            edges.setdefault(it.who, set()).add(target)
    seen: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module not in seen:
            for below_it in sorted(edges.get(module, ())):
                visit(below_it, (*path, module))
            seen.add(module)

    for module in sorted(edges):
        visit(module, ())


# What may know a cloud by its name: one folder for each cloud and part.
CLOUDS = ("aws", "azure", "kubernetes")
OF_A_CLOUD = tuple(
    f"{part}.{cloud}"
    for part in (
        "components",
        "model.clouds",
        "scripts.clouds",
        "sandbox.clouds",
        "sandbox.providers",
        "previews.meanings",
    )
    for cloud in CLOUDS
)
LIBRARIES_OF_A_CLOUD = (
    "boto3", "botocore", "moto", "pulumi_aws", "azure", "pulumi_azure_native", "kubernetes", "pulumi_kubernetes",
)  # fmt: skip


@pytest.mark.parametrize("part", ["agent", "components", "model", "previews", "scripts", "sandbox", "__main__"])
def test_only_the_folders_of_a_cloud_import_its_libraries(part: str) -> None:
    assert offences(part, LIBRARIES_OF_A_CLOUD, but=OF_A_CLOUD, typing_counts=True) == []


SPELLS_A_CLOUD = re.compile(
    r"arn:aws|amazonaws|\baws:[a-zA-Z0-9]|\bazure-native:|\bAWS_|\bboto"
    r"|\b(?:us|eu|ap|sa|ca|me|af|il)-(?:north|south|east|west|central|northeast|southeast)-\d\b"
    r"|\b(?:rds|route53|elbv2|secretsmanager|RDS|EKS|IAM|KMS)\b|azure\.com|windows\.net"
)
# What still spells a cloud outside its folders, with the reason. It shrinks: what no longer does is struck out.
STILL_SPELLS = {
    "sandbox.clouds.registry": "the one table of clouds",
    "scripts.clouds.registry": "the one table of clouds",
}


def spelled() -> dict[str, list[str]]:
    """By module, the string constants that spell a cloud; docstrings do not count."""
    found: dict[str, list[str]] = {}
    for path in sorted(path for top in OURS if top != "policies" for path in (ROOT / top).rglob("*.py")):
        module = module_of(path)
        if below(module, *OF_A_CLOUD, "previews.meanings"):
            continue
        tree = tree_of(path)
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in docstrings:
                continue
            if SPELLS_A_CLOUD.search(node.value):
                found.setdefault(module, []).append(f"line {node.lineno}: {node.value!r}")
    return found


def test_nothing_neutral_spells_a_cloud() -> None:
    assert {module: lines for module, lines in spelled().items() if module not in STILL_SPELLS} == {}


def test_the_list_of_what_still_spells_a_cloud_is_true() -> None:
    assert sorted(set(STILL_SPELLS) - set(spelled())) == []


def test_programs_ask_no_cloud_by_its_name() -> None:
    """What a driver can do is asked of its features; who drives is chosen in the registry alone."""
    others = ("scripts.clouds.aws", "scripts.clouds.azure", "scripts.clouds.kubernetes")
    but = ("scripts.clouds.registry", *others)
    assert [found for top in ("scripts", "agent") for found in offences(top, others, but=but, typing_counts=True)] == []


def test_an_engine_of_one_kind_is_chosen_by_the_table_alone() -> None:
    """Rehearsals go straight to a server as well, past every transport; the agent lives beside one kind of store."""
    kinds = {
        f"scripts.engines.{path.name}"
        for path in (ROOT / "scripts/engines").iterdir()
        if (path / "__init__.py").exists()
    }
    assert kinds
    found = offences("scripts", tuple(kinds), but=("scripts.engines", "scripts.drills"), typing_counts=True)
    assert found == []
    straight = {it for it in offences("scripts.drills", tuple(kinds), typing_counts=True) if ".direct" not in it}
    assert straight == set()


def test_a_databases_client_is_imported_by_engines_alone() -> None:
    """And by the shared store of runs, which is PostgreSQL."""
    but = ("scripts.engines", "scripts.runs.shared", "scripts.runs.lock")
    clients = ("psycopg", "redis", "pymongo")
    for part in ("scripts", "agent", "previews"):
        assert offences(part, clients, but=but, typing_counts=True) == []


def names_in(path: Path) -> set[str]:
    """What a module defines or imports at its top, also under a condition."""
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {name.asname or name.name for name in node.names}
    return found


def test_whatever_is_imported_of_ours_is_there() -> None:
    """Two changes that fit each other's lines may still not fit each other's names."""
    gone = []
    tops = (*OURS, "tests", "benchmarks")
    paths = [ROOT / "__main__.py", *(path for top in tops for path in (ROOT / top).rglob("*.py"))]
    defined: dict[Path, set[str]] = {}
    for path in paths:
        if below(module_of(path), "policies", "tests.policies.pack"):
            continue  # the pack runs with its own folder as working directory
        for it in imports_of(path):
            if not below(it.what, *tops):
                continue
            whole = ROOT.joinpath(*it.what.split("."))
            if whole.with_suffix(".py").exists() or whole.is_dir():
                continue
            module, _, name = it.what.rpartition(".")
            parent = ROOT.joinpath(*module.split("."))
            file = parent / "__init__.py" if parent.is_dir() else parent.with_suffix(".py")
            if file.exists() and file not in defined:
                defined[file] = names_in(file)
            if name != "*" and name not in defined.get(file, set()):
                gone.append(str(it))
    assert gone == []


# What of the sandbox stands outside a cloud's own folders and still names the first cloud, in names and imports too.
# The list only gets shorter: a module that names it no longer has to be struck out.
SANDBOX_STILL_NAMES_A_CLOUD = {
    "sandbox.clouds.registry": "the one table of clouds",
    "sandbox.engine.operations": "a sentence of the real CLI, which names it",
}


def names_a_cloud(path: Path) -> bool:
    """By import, by name, or in text that a program may act on: what a docstring says is for readers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    told |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    words = re.compile(
        r"(?<![a-z])(aws|amazonaws|boto3|botocore|moto|azure)(?![a-z])|^(eu|us|ap)-[a-z]+-[0-9]$", re.IGNORECASE
    )
    for node in ast.walk(tree):
        said = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            said = node.value
        elif isinstance(node, ast.Attribute):
            said = node.attr.replace("_", " ")
        elif isinstance(node, ast.Name):
            said = node.id.replace("_", " ")
        elif isinstance(node, ast.arg | ast.keyword):
            said = (node.arg or "").replace("_", " ")
        elif isinstance(node, ast.ImportFrom):
            said = node.module or ""
        elif isinstance(node, ast.Import):
            said = " ".join(name.name for name in node.names)
        if words.search(said.replace("_", " ")):
            return True
    return False


def test_the_sandbox_names_a_cloud_in_that_clouds_folders_only() -> None:
    paths = [
        path
        for path in sorted((ROOT / "sandbox").rglob("*.py"))
        if path.relative_to(ROOT).parts[1:3]
        not in {(part, name) for part in ("clouds", "providers") for name in CLOUDS[:2]}
    ]
    assert len(paths) > 50
    assert {module_of(path) for path in paths if names_a_cloud(path)} == set(SANDBOX_STILL_NAMES_A_CLOUD)
