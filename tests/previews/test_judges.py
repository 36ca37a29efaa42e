"""A change that touches what judges changes says so at its head."""

from pathlib import Path

import pytest

from previews.judges import judges
from scripts.dr import main
from tests.previews import samples
from tests.previews.worlds import write_events


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["policies/rules/stores/backed_up.py", "plans/samia.yaml"], ("policies/rules/stores/backed_up.py",)),
        ([".github/workflows/preview.yml", "previews/a.py"], (".github/workflows/preview.yml", "previews/a.py")),
        (["requirements.lock", "Makefile"], ("Makefile", "requirements.lock")),
        (["components/aws/database.py", "docs/x.md", "README.md", ""], ()),
    ],
)  # fmt: skip
def test_what_judges(paths: list[str], found: tuple[str, ...]) -> None:
    assert judges(paths) == found


@pytest.mark.parametrize("form", ["markdown", "text", "html"])
def test_it_is_said_first(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    world, changed = samples.aws(), tmp_path / "changed.txt"
    files = write_events(tmp_path, world, world)
    changed.write_text("policies/rules/kernel/checks.py\nplans/samia.yaml\n")
    assert main(["preview", *files, "--changed", str(changed), "--format", form]) == 0
    shown = capsys.readouterr().out
    assert "checks" in shown
    assert "samia.yaml" not in shown
    assert "No recovery-relevant change" not in shown
    changed.write_text("plans/samia.yaml\n")
    assert main(["preview", *files, "--changed", str(changed), "--format", form]) == 0
    assert "No recovery-relevant change" in capsys.readouterr().out
