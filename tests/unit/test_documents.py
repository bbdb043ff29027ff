"""What the documents say of tests is true: those that they name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")])
TESTS = sorted((REPOSITORY / "tests").rglob("test_*.py"))
NAMES = {
    name
    for path in TESTS
    for name in (path.stem, *re.findall(r"^ *def (test_\w+)\(", path.read_text(), re.MULTILINE))
}


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_each_test_that_a_document_names_is_there(document: Path) -> None:
    # A star ends a pattern that names several.
    named = set(re.findall(r"\btest_\w+(?![\w*])", document.read_text("utf-8")))
    assert named - NAMES == set()


@pytest.mark.parametrize("document", ["docs/guarantees.md", "docs/guards.md"])
def test_document_of_tests_names_some(document: str) -> None:
    assert "`test_" in (REPOSITORY / document).read_text("utf-8")


def test_each_case_of_a_table_with_a_column_for_tests_names_one() -> None:
    tables = 0
    for document in DOCUMENTS:
        for table in re.findall(r"(?:^\|.*\n)+", document.read_text("utf-8"), re.MULTILINE):
            head, _, *rows = table.splitlines()
            if head.endswith("| test |"):
                tables += 1
                bare = [row for row in rows if "`test_" not in row.split(" | ")[-1]]
                assert bare == [], document
    assert tables >= 6
