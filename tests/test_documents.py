"""What the documents name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = re.compile(r"`((?:plans|components|policies|scripts|sandbox|docs|benchmarks)/[\w./-]*)`")
NAMED = re.compile(r"`(tests/[\w/]+\.(?:py|json))(?:::(\w+))?`")


def test_every_proof_in_the_objectives_exists() -> None:
    text = (ROOT / "docs" / "objectives.md").read_text()
    named = NAMED.findall(text)
    assert len(named) > 40
    for path, test in named:
        file = ROOT / path
        assert file.is_file(), f"docs/objectives.md names {path}, which is not there"
        if test:
            assert f"def {test}(" in file.read_text(), f"docs/objectives.md names {test}, which {path} does not have"


@pytest.mark.parametrize("document", ["README.md", "docs/objectives.md"])
def test_folders_that_a_document_names_exist(document: str) -> None:
    for name in re.findall(
        r"`((?:plans|components|policies|scripts|sandbox|docs|benchmarks)/[\w./-]*)`", (ROOT / document).read_text()
    ):
        if "yours" not in name:
            assert (ROOT / name).exists(), f"{document} names {name}, which is not there"


def test_no_document_names_a_path_of_one_machine_or_a_package_index() -> None:
    for file in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "requirements.lock", ROOT / "pyproject.toml"]:
        text = file.read_text()
        assert not re.search(r"(?<![\w.])/(?:work|root|home)/", text), f"{file.name} holds a path of one machine"
        assert "index-url" not in text.replace("--no-emit-index-url", ""), f"{file.name} names a package index"


def test_nothing_is_installed_that_would_run_code_to_be_built() -> None:
    """A source distribution runs its own code at install; a wheel with the hash of the lock file does not."""
    files = [ROOT / "Makefile", *(ROOT / ".github").rglob("*.yml"), ROOT / ".ci" / "run"]
    installs = [line for file in files for line in file.read_text().splitlines() if re.search(r"pip3? install", line)]
    assert any("-r requirements.lock" in line for line in installs)
    for line in installs:
        ours = "--no-deps --no-build-isolation -e ." in line
        assert ours or ("--only-binary :all:" in line and "--require-hashes" in line), line
