"""Guards of the limits that sinks have."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_LOCK: Final = "tests/unit/core/warehouse/test_sink_lock.py"
_LONG: Final = "tests/unit/core/snapshot/test_long_keys.py"
_STATEMENTS: Final = "tests/integration/test_item_statements.py"
_DUCKDB: Final = "tests/unit/core/snapshot/test_load_csv.py"
_ITEMS: Final = "tests/unit/pipelines/test_items.py"

GUARDS: Final = (
    Guard(
        "names in Postgres",
        "a file has columns that no table in Postgres can have",
        (
            Edit(
                "include/core/snapshot/load_csv.py", "    _refuse_names(rows, name=file.name)\n", ""
            ),
        ),
        (f"{_DUCKDB}::test_name_that_postgres_does_not_take_is_an_error_that_shows_why",),
    ),
    Guard(
        "reserved names",
        "a column has the name of one that statements add",
        (
            Edit(
                "include/contracts/names.py",
                "if lower.startswith(RESERVED_PREFIX):",
                "if lower == RESERVED_PREFIX:",
            ),
        ),
        (
            "tests/unit/contracts/test_declared_names.py::test_reserved_name_is_refused_where_it_is_declared",
        ),
    ),
    Guard(
        "long keys",
        "a row whose key no index takes fails every load",
        (
            Edit(
                "include/core/snapshot/long_keys.py",
                "    if long:\n        delete_lines",
                "    if False:\n        delete_lines",
            ),
        ),
        (f"{_LONG}::test_row_with_a_key_too_long_is_rejected_with_its_line_and_column",),
    ),
    Guard(
        "long keys at their limit",
        "a key of exactly the size that an index takes is rejected",
        (
            Edit(
                "include/core/snapshot/long_keys.py",
                "if entry_bytes(types, lengths) > ENTRY_BYTES:",
                "if entry_bytes(types, lengths) >= ENTRY_BYTES:",
            ),
        ),
        (f"{_LONG}::test_row_with_a_key_too_long_is_rejected_with_its_line_and_column",),
    ),
    Guard(
        "long keys that cleaning makes",
        "a key that only cleaning makes too long reaches Postgres",
        (
            Edit(
                "include/core/snapshot/rules.py",
                "    broken.append(_too_long(connection, table))\n",
                "",
            ),
        ),
        (f"{_LONG}::test_key_that_cleaning_makes_too_long_is_an_error_before_anything_is_loaded",),
    ),
    Guard(
        "percent signs in names",
        "a load fails for a column with a percent sign in its name",
        (
            Edit(
                "include/core/statements.py",
                'sql.Identifier(*(name.replace("%", "%%") for name in part.strings))',
                "part",
            ),
        ),
        (
            "tests/integration/test_changed_keys.py::test_column_of_any_name_is_reported_by_its_name",
        ),
    ),
    Guard(
        "lock of one table",
        "two tables with long names share the lock of their writers",
        (
            Edit(
                "include/core/warehouse/sink_lock.py",
                "hashlib.sha256(sink.encode())",
                "hashlib.sha256()",
            ),
        ),
        (f"{_LOCK}::test_two_tables_have_two_names_that_postgres_takes_as_they_are",),
    ),
    Guard(
        "length of a statement",
        "a contract has more columns than a statement to DynamoDB can name",
        (
            Edit(
                "include/pipelines/csv_upload_to_dynamodb/item_writes.py",
                "if longest > STATEMENT_CHARACTERS:",
                "if longest > 2 * STATEMENT_CHARACTERS:",
            ),
        ),
        (
            f"{_STATEMENTS}::test_statement_of_8193_characters_is_refused_before_anything_is_written",
        ),
    ),
    Guard(
        "blank keys",
        "an item has a key that looks like none",
        (
            Edit(
                "include/pipelines/csv_upload_to_dynamodb/items.py",
                "all(category(char) in _INVISIBLE for char in value)",
                'value == ""',
            ),
        ),
        (f"{_ITEMS}::test_key_that_dynamodb_has_not_is_refused",),
    ),
    Guard(
        "size of an item",
        "an item that DynamoDB refuses fails the whole file",
        (
            Edit(
                "include/pipelines/csv_upload_to_dynamodb/items.py",
                "if item_size(item) > ITEM_BYTES:",
                "if item_size(item) >= ITEM_BYTES:",
            ),
        ),
        (f"{_ITEMS}::test_item_of_400_kb_is_taken_and_of_one_byte_more_is_not",),
    ),
    Guard(
        "subject of a notice",
        "a notice has characters in its subject that SNS refuses",
        (
            Edit(
                "include/core/runs/notices.py",
                "char.isascii() and char.isprintable()",
                "char.isascii()",
            ),
        ),
        ("tests/unit/core/runs/test_notices.py::test_subject_is_what_sns_takes_for_any_text",),
    ),
)
