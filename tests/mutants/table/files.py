"""Guards of files: what their bytes are, which lines belong together, and what cells may hold."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_ACCOUNTING: Final = "tests/unit/core/csv/test_csv_accounting.py"
_SPANS: Final = "include/core/csv/spans.py"
_RECORDS: Final = "include/core/csv/records.py"
_RECORD_TESTS: Final = "tests/unit/core/csv/test_csv_records.py"
_RULES: Final = "tests/unit/core/snapshot/test_table_rules.py"
_ROWS: Final = "tests/unit/core/csv/test_csv_constraints.py"
_COLUMNS: Final = "tests/unit/contracts/test_columns.py"
_ENCODINGS: Final = "tests/unit/core/csv/test_csv_encodings.py"
_CONTENT: Final = "tests/unit/core/content/test_content.py"
_CONSTRAINTS: Final = "include/core/csv/constraints.py"
_KEPT: Final = (
    "tests/unit/core/csv/test_csv_constraints.py"
    "::test_constraint_rejects_what_breaks_it_with_its_code_and_column"
)


def _constraint(name: str, before: str, after: str) -> Guard:
    return Guard(
        f"constraint {name}",
        f"a value that breaks the column's {name} is loaded, or one at its bound is rejected",
        (Edit(_CONSTRAINTS, before, after),),
        (_KEPT,),
    )


GUARDS: Final = (
    Guard(
        "content of a file",
        "a web page, a workbook or a pointer is read as a table",
        (Edit("include/core/csv/opening.py", "    _refuse_other_content(head, name=name)\n", ""),),
        (f"{_CONTENT}::test_file_that_is_no_csv_is_refused_by_what_it_is",),
    ),
    Guard(
        "content in a compressed file",
        "a file that was compressed twice is read as a table",
        (
            Edit(
                "include/core/content/formats.py",
                '    (GZIP, "compressed twice (gzip in gzip)", "Compress it once"),\n',
                "",
            ),
        ),
        (f"{_CONTENT}::test_file_that_was_compressed_twice_is_refused",),
    ),
    Guard(
        "marks where files were joined",
        "the byte-order mark of a joined file becomes part of a key",
        (
            Edit(
                "include/core/csv/text.py", 'return _LINE_MARKS.sub("", text) if', "return text if"
            ),
        ),
        (f"{_ENCODINGS}::test_mark_of_a_file_that_was_joined_is_no_data",),
    ),
    Guard(
        "Windows-1252",
        "a file of another encoding loses its rows with accents as rejects",
        (
            Edit(
                "include/core/csv/windows_1252.py",
                "if self._texts > self._noise and not self._beyond_ascii:",
                "if False:",
            ),
        ),
        (
            f"{_ENCODINGS}::test_latin_1_undeclared_is_an_error",
            f"{_ENCODINGS}::test_windows_1252_undeclared_is_recognised_by_its_own_signs",
        ),
    ),
    Guard(
        "header that is data",
        "the first row of a file without a header becomes its names",
        (Edit("include/core/csv/header.py", "    check.refuse_data(names)\n", ""),),
        (
            "tests/unit/core/csv/test_csv_headless.py::test_first_row_that_looks_like_data_is_an_error",
        ),
    ),
    Guard(
        "quote that never closes",
        "rows behind a stray quote are lost as the rest of one record",
        (
            Edit(
                _RECORDS,
                '            raise self._unclosed("is never closed")',
                "            return",
            ),
        ),
        (f"{_RECORD_TESTS}::test_unterminated_quote_at_the_end_is_an_error_that_names_its_line",),
    ),
    Guard(
        "quote that closes too late",
        "a quote that does not close takes the rest of a large file into memory",
        (Edit(_RECORDS, "if self._size > self._limit:", "if self._size > 20 * self._limit:"),),
        (f"{_RECORD_TESTS}::test_quoted_cell_that_never_ends_is_an_error_in_bounded_memory",),
    ),
    Guard(
        "lines of a faulty record",
        "rows are lost that a faulty record of several lines holds",
        (Edit(_RECORDS, "        for line in lines[1:]:\n", "        for line in ():\n"),),
        (f"{_RECORD_TESTS}::test_faulty_record_of_several_lines_loses_its_first_line_alone",),
    ),
    Guard(
        "rows inside a faulty record",
        "rows that a stray quote has swallowed are given up with it",
        (
            Edit(
                _SPANS,
                "if any(map(self._is_like_a_row, lines_of(record)[1:-1])):",
                "if False:",
            ),
        ),
        (f"{_ACCOUNTING}::test_rows_that_a_stray_quote_swallows_refuse_the_file",),
    ),
    Guard(
        "rows inside a cell",
        "rows that two stray quotes have swallowed become text of a cell",
        (
            Edit(
                _SPANS,
                "            if not free and self._holds_rows(",
                "            if False and self._holds_rows(",
            ),
        ),
        (
            f"{_ACCOUNTING}::test_valid_cell_that_swallows_rows_refuses_the_file_and_names_its_column",
            f"{_ACCOUNTING}::test_no_line_inside_a_kept_cell_would_be_a_row_where_most_lines_would",
        ),
    ),
    Guard(
        "rows inside a cell at half",
        "a cell of which just half the lines are like rows is kept",
        (Edit(_SPANS, "len(filled)\n\n    def _is_like", "len(filled) + 1\n\n    def _is_like"),),
        (f"{_ACCOUNTING}::test_no_line_inside_a_kept_cell_would_be_a_row_where_most_lines_would",),
    ),
    Guard(
        "declared line ends",
        "a column whose cells may hold such lines loses them",
        (Edit(_SPANS, " or place in self._shape.line_ends", ""),),
        (f"{_ACCOUNTING}::test_line_ends_can_be_declared_for_a_column",),
    ),
    Guard(
        "lines of a rejected row",
        "a rejected row of several lines counts as one line",
        (Edit("include/core/csv/faults.py", 'if "\\n" in raw or "\\r" in raw:', "if False:"),),
        (f"{_ACCOUNTING}::test_row_of_several_lines_that_is_rejected_counts_each_of_them",),
    ),
    _constraint("max_length", "len(value) <= limit", "len(value) < limit"),
    _constraint("min_length", "len(value) >= limit", "len(value) > limit"),
    _constraint("pattern", "compile_pattern(limit).fullmatch", "compile_pattern(limit).match"),
    _constraint("enum", ".__contains__", ".union"),
    _constraint("minimum", "to_value(value) >= bound", "to_value(value) > bound"),
    _constraint("maximum", "to_value(value) <= bound", "to_value(value) < bound"),
    Guard(
        "constraints as what values are",
        "numbers are compared as text",
        (
            Edit(
                _CONSTRAINTS,
                "bound = to_value(limit)",
                "to_value, bound = str, limit",
            ),
        ),
        (_KEPT,),
    ),
    Guard(
        "constraints after cleaning",
        "a value that cleaning makes breaks a constraint and is loaded",
        (
            Edit(
                "include/core/snapshot/rules.py",
                "        broken += _broken_constraints(connection, column)\n",
                "",
            ),
        ),
        (
            f"{_RULES}::test_snapshot_that_breaks_a_constraint_is_refused_with_column_and_number_of_rows",
        ),
    ),
    Guard(
        "constraint minimum after cleaning",
        "a value at its bound stops the run",
        (
            Edit(
                "include/sql/snapshot/check_column.sql",
                "{column} < cast(",
                "{column} <= cast(",
            ),
        ),
        (
            f"{_RULES}::test_snapshot_that_breaks_a_constraint_is_refused_with_column_and_number_of_rows",
        ),
    ),
    Guard(
        "constraints inside a cell",
        "rows that break a constraint vanish in a quoted cell",
        (Edit("include/core/csv/checks.py", " or value.code in _CONSTRAINTS", ""),),
        (f"{_ROWS}::test_rows_that_break_a_constraint_do_not_vanish_in_a_quoted_cell",),
    ),
    Guard(
        "patterns without end",
        "a pattern that takes for ever is declared",
        (
            Edit(
                "include/contracts/patterns.py",
                "if self.endless and most != 1:",
                "if False:",
            ),
        ),
        (f"{_COLUMNS}::test_pattern_that_is_wrong_or_read_differently_is_refused",),
    ),
)
