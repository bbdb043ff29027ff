"""What to do about each rejected row, for the owner of the file."""

from __future__ import annotations

from typing import Final

_DECLARE: Final = ", or have the dataset declare it otherwise"

REMEDIES: Final = {
    # the row's structure
    "too_few_columns": "Add the missing cells; quote a cell that holds a line end",
    "too_many_columns": "Quote the cell that holds the delimiter, or remove the extra cells",
    "blank_line": 'Remove the line, or write an empty value as ""',
    "unescaped_quote": "Double the quote and put the whole cell in quotes",
    "row_too_long": "Shorten the row; look for a quote that is not closed",
    "continued": "Correct the row that the line goes on with",
    "header_repeated": "Remove the line",
    # its text
    "bad_encoding": f"Save the file in one encoding, UTF-8{_DECLARE}",
    "nul": "Remove the NUL character",
    "field_too_long": f"Shorten the cell{_DECLARE} (max_field_bytes)",
    # its values
    "null": f"Fill the cell in{_DECLARE} (nullable)",
    "not_an_integer": f"Write digits alone, without separators or a decimal point{_DECLARE}",
    "whole_number_with_point": f"Write digits alone{_DECLARE} (zero_fraction)",
    "not_a_number": f"Write digits and a decimal point, without separators{_DECLARE}",
    "not_finite": f"Write a finite number{_DECLARE} (non_finite)",
    "out_of_range": f"Correct the number{_DECLARE} (type)",
    "too_precise": f"Round the value{_DECLARE} (precision)",
    "not_a_boolean": f"Write true or false{_DECLARE} (true_values, false_values)",
    "not_a_date": f"Write the date as 2020-12-31{_DECLARE} (formats)",
    "not_a_timestamp": f"Write the time as 2020-12-31T23:59:59Z{_DECLARE} (formats)",
    "no_zone": f"Add the offset, such as Z or +01:00{_DECLARE} (zone)",
    "ambiguous_time": "Add the offset to the time",
    "nonexistent_time": "Correct the time, or add its offset",
    # what its column asks of a value
    "text_too_long": f"Shorten the text{_DECLARE} (max_length)",
    "text_too_short": f"Complete the text{_DECLARE} (min_length)",
    "pattern_mismatch": f"Look for lost leading zeros, blanks and totals{_DECLARE} (pattern)",
    "below_minimum": f"Correct the value{_DECLARE} (minimum)",
    "above_maximum": f"Correct the value{_DECLARE} (maximum)",
    "not_in_enum": f"Look at letter case and blanks{_DECLARE} (enum)",
    # its key
    "key_conflict": "Leave one row of this key in the file",
    # what a queue takes
    "message_too_large": "Shorten the row",
    # what DynamoDB takes
    "key_empty": "Fill the key in",
    "key_too_long": "Shorten the key",
    "item_too_large": "Shorten the row",
    "too_many_digits": "Write fewer digits, or have the dataset declare the column as text",
}
"""What to do about a reject of each code that the reader and the sinks have reasons for."""
