"""Statements are files: one each or a named group, each with a header comment, all of them used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.core.statements import named_statements, read_statement

REPOSITORY = Path(__file__).parents[2]
SQL = REPOSITORY / "include" / "sql"
FILES = sorted(path for path in SQL.rglob("*.sql") if path.parent.name != "migrations")
NAME_LINE = re.compile(r"^-- *name", re.MULTILINE)
CODE = "\n".join(
    path.read_text()
    for room in ("include", "infra/local")
    for path in (REPOSITORY / room).rglob("*.py")
)
# The names of these are put together from the field of a column that they check.
FIELDS = {"min_length", "max_length", "pattern", "minimum", "maximum", "enum"}


def names_of(path: Path) -> list[str]:
    """Each statement of a file, as read_statement knows it."""
    file = f"{path.parent.name}/{path.stem}"
    return [f"{file}.{name}" for name in named_statements(path.read_text())] or [file]


STATEMENTS = [name for path in FILES for name in names_of(path)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SQL)))
def test_file_begins_with_a_verb_and_all_of_it_is_in_its_statements(path: Path) -> None:
    text = path.read_text()
    assert "_" in path.stem
    assert text.startswith("-- ")
    names = NAME_LINE.findall(text)
    assert len(names) == len(named_statements(text)) != 1


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_is_one_with_a_header_comment(name: str) -> None:
    text = read_statement(name)
    assert text.startswith("-- ")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    assert body.strip()
    assert ";" not in body


@pytest.mark.parametrize(
    "name", [name for name in STATEMENTS if not name.startswith("github_csv_to_postgres/")]
)
def test_statement_is_used(name: str) -> None:
    _, _, last = name.partition("/")
    file, _, field = name.partition(".")
    if file == "snapshot/check_column" and field in FIELDS:
        assert f'"{file}.{{constraint.field}}"' in CODE
    else:
        assert f'"{name}"' in CODE or f'"{last}"' in CODE


def test_name_that_no_statement_of_a_file_has_is_an_error() -> None:
    with pytest.raises(KeyError):
        read_statement("runs/send_notices.absent")


def test_migrations_are_numbered_without_a_gap() -> None:
    names = sorted(path.name for path in (SQL / "migrations").glob("*.sql"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
