"""What the documents name is there: tests, files, headings, pipelines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from include.pipelines.landing import LANDING_PREFIXES
from tests.support.document_blocks import ALL, LANGUAGES, MARKS, PAGES, REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.document_blocks import Block

DOCUMENTS = PAGES
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
    text = document.read_text("utf-8")
    named = set(re.findall(r"\btest_\w+(?![\w*])", text))
    datasets = {path.stem for path in (REPOSITORY / "include" / "datasets").glob("*.py")}
    made = {f"test_{name}" for name in re.findall(r"make dataset NAME=(\w+)", text)}
    assert named - NAMES - datasets - made == set()


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


BLOCKS = [block for blocks in ALL.values() for block in blocks]
README_LINES = 150
# Files that a reader makes.
MADE = {block.marks["file"] for block in BLOCKS if "file" in block.marks}


def test_every_guarantee_names_a_test() -> None:
    text = (REPOSITORY / "docs" / "guarantees.md").read_text("utf-8")
    bullets = [line for line in text.splitlines() if line.startswith("- ")]
    assert len(bullets) >= 80
    bare = [line for line in bullets if not re.search(r"`test_\w+`|\[test_\w+\.py\]", line)]
    assert bare == []


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_is_run_or_compared_or_excepted_with_a_reason(block: Block) -> None:
    assert block.language in LANGUAGES
    assert set(block.marks) <= MARKS
    assert all(block.marks.get(name, "a reason") for name in ("not run", "not compared"))
    if block.language == "sql":
        assert "file" in block.marks
    if block.is_compared:
        before = [b for b in ALL[block.page] if b.line < block.line and b.is_run]
        assert before, "no block before it prints anything"


def test_every_file_that_a_page_adds_is_named_beside_it() -> None:
    for block in BLOCKS:
        if name := block.marks.get("file"):
            assert f"`{name}`" in (REPOSITORY / block.page).read_text("utf-8")


def slug(heading: str) -> str:
    """The anchor of a heading as GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(each) for each in re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_to_a_file_or_heading_leads_somewhere(document: Path) -> None:
    text = re.sub(r"`[^`\n]*`", "code", document.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            page = (document.parent / path).resolve() if path else document
            assert page.exists(), target
            assert not anchor or anchor in anchors(page), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_path_that_a_document_names_is_there(document: Path) -> None:
    pattern = r"`((?:dags|include|infra|tests|docs|plugins|\.github)/[^`\s]*)`"
    named = set(re.findall(pattern, document.read_text("utf-8"))) - MADE
    plain = {name for name in named if not re.search(r"[…<>*{]", name)}
    assert [name for name in sorted(plain) if not (REPOSITORY / name).exists()] == []


def test_readme_is_short_and_names_the_pipelines_that_work() -> None:
    text = (REPOSITORY / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= README_LINES
    works = set(re.findall(r"^\| `(\w+)` \|.*\| works \|$", text, re.MULTILINE))
    packages = (REPOSITORY / "include" / "pipelines").glob("*/__init__.py")
    assert works == {package.parent.name for package in packages}


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = (REPOSITORY / "docs" / "README.md").read_text("utf-8")
    pages = [path.name for path in (REPOSITORY / "docs").glob("*.md") if path.name != "README.md"]
    assert [name for name in pages if f"]({name})" not in contents] == []


def test_every_limit_is_where_the_page_of_limits_says() -> None:
    rows = (REPOSITORY / "docs" / "limits.md").read_text("utf-8").splitlines()
    looked_at = 0
    for row in (row for row in rows if row.startswith("| ")):
        named = re.search(r"((?:`\w+`, )*`\w+`) in `([\w/]+)` \|$", row)
        if named:
            code = "\n".join(path.read_text() for path in (REPOSITORY / named[2]).rglob("*.py"))
            looked_at += 1
            assert [
                n for n in re.findall(r"\w+", named[1]) if not re.search(rf"\b{n}\b", code)
            ] == []
    assert looked_at >= 15


def test_page_of_uploads_names_each_pipeline_with_its_prefix() -> None:
    text = (REPOSITORY / "docs" / "uploads.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| a file lands \| `([\w/]+)` \|", text, re.MULTILINE)
    assert dict(rows) == LANDING_PREFIXES
