"""Statements are files: one each, with a header that says what they are for, all of them used."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SQL = REPOSITORY / "include" / "sql"
STATEMENTS = sorted(path for path in SQL.rglob("*.sql") if path.parent.name != "migrations")
CODE = "\n".join(
    path.read_text()
    for room in ("include", "infra/local")
    for path in (REPOSITORY / room).rglob("*.py")
)


def name_of(path: Path) -> str:
    return str(path.relative_to(SQL))


@pytest.mark.parametrize("path", STATEMENTS, ids=name_of)
def test_statement_is_one_with_a_header_comment_and_a_name_that_begins_with_a_verb(
    path: Path,
) -> None:
    text = path.read_text()
    assert text.startswith("-- ")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    assert body.strip()
    assert ";" not in body
    assert "_" in path.stem


@pytest.mark.parametrize(
    "path",
    [path for path in STATEMENTS if path.parent.name != "github_csv_to_postgres"],
    ids=name_of,
)
def test_statement_is_used(path: Path) -> None:
    assert f'"{path.parent.name}/{path.stem}"' in CODE or f'"{path.stem}"' in CODE


def test_migrations_are_numbered_without_a_gap() -> None:
    names = sorted(path.name for path in (SQL / "migrations").glob("*.sql"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
