"""Rows of a CSV file as DynamoDB items: what each type becomes, and what DynamoDB does not take.

Types and limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from unicodedata import category

from include.core.csv.faults import REASONS, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from include.contracts.columns import Column
    from include.contracts.files import CsvContract

FILE_VERSION: Final = "file_version"
"""The attribute that every item has beside its columns: the `order` of the file it came from."""

Attribute = dict[str, Any]
Item = dict[str, Attribute]

ITEM_BYTES: Final = 409_600
KEY_BYTES: Final = 2048
_DIGITS: Final = 38
_SMALLEST, _LARGEST = -130, 125  # powers of ten

_INTEGERS: Final = frozenset({"smallint", "integer", "bigint"})
_OTHER_NUMBERS: Final = frozenset({"numeric", "double precision"})
# Types whose every value has one text only, so that two texts are two keys.
_KEYS: Final = frozenset({"text", "smallint", "integer", "bigint", "date", "timestamptz"})


# White space, control and format characters: a key of nothing else looks like no key.
_INVISIBLE: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})


SINK_REASONS: Final = {
    "key_empty": "the key is empty, or has no character that can be seen",
    "key_too_long": "the key is longer than its sink allows: 2,048 bytes in an item",
    "item_too_large": "the row makes an item larger than 400 KB",
    "too_many_digits": "the number has more than the 38 digits that an item's may have",
}
"""The code of each row that DynamoDB alone would refuse, and its reason."""


class ItemFault(Fault):
    """A row is no item that DynamoDB takes.

    Arguments:
        code: a key of SINK_REASONS, or of the reasons that the reader has.
        column: the column at fault, None for the whole row.
    """

    def __init__(self, code: str, column: str | None = None) -> None:
        super().__init__(code, reasons=REASONS | SINK_REASONS)
        self.column = column


def key_column(contract: CsvContract) -> Column:
    """The column that is the table's partition key.

    Raises:
        ValueError: the contract cannot be one of items: not exactly one key column, a key of a
            type with several texts for one value, a column named like FILE_VERSION, or columns
            that only the file names: what an older file had more would stay in the item.
    """
    columns = {column.name: column for column in contract.columns}
    if len(contract.key) != 1 or contract.key[0] not in columns:
        raise ValueError(f"items have one key column, not {contract.key}")
    column = columns[contract.key[0]]
    if column.type not in _KEYS:
        raise ValueError(f"{column.name}: {column.type} is no type for a key of items")
    if FILE_VERSION in columns:
        raise ValueError(f"{FILE_VERSION} is an attribute that items have by themselves")
    if contract.unknown_columns == "add":
        raise ValueError("columns of items are declared, none are added")
    return column


def attribute_maker(column: Column) -> Callable[[str], Attribute]:
    """What turns a value's text into an attribute; it raises ItemFault where DynamoDB has no such.

    Numbers become N, booleans BOOL, all else S. Numbers arrive in plain or scientific digits,
    booleans as true and false, dates as 2024-02-29, times as 2024-02-29T05:06:07.500000Z.
    """
    if column.type in _INTEGERS:
        return lambda text: {"N": text}
    if column.type in _OTHER_NUMBERS:
        return _number
    if column.type == "boolean":
        return lambda text: {"BOOL": text == "true"}
    return lambda text: {"S": text}


def item_maker(contract: CsvContract, *, version: str) -> Callable[[Sequence[str | None]], Item]:
    """What turns a row's texts, in order of the contract's columns, into an item.

    Nulls are left out. It raises ItemFault for a row that is no item.

    Arguments:
        contract: whose columns and key.
        version: the file's `order`.
    """
    key = key_column(contract).name
    makers = [(column.name, attribute_maker(column)) for column in contract.columns]
    stamp = {"S": version}

    def make(texts: Sequence[str | None]) -> Item:
        item: Item = {}
        for (name, maker), text in zip(makers, texts, strict=True):
            if text is not None:
                try:
                    item[name] = maker(text)
                except ItemFault as fault:
                    raise ItemFault(fault.code, name) from None
        _check_key(item, key)
        item[FILE_VERSION] = stamp
        if item_size(item) > ITEM_BYTES:
            raise ItemFault("item_too_large")
        return item

    return make


def item_size(item: Mapping[str, Attribute]) -> int:
    """Bytes that DynamoDB counts for an item, or a few more where it says "approximately".

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(attribute: Attribute) -> int:
    ((kind, value),) = attribute.items()
    if kind == "S":
        return len(value.encode())
    if kind == "N":
        # Two digits a byte, which may straddle; one byte for the exponent and one for the sign.
        return min(len(value), _DIGITS) // 2 + 3
    return 1


def _check_key(item: Item, key: str) -> None:
    if key not in item:
        raise ItemFault("null", key)
    value = item[key].get("S")
    if value is not None and all(category(char) in _INVISIBLE for char in value):
        raise ItemFault("key_empty", key)
    if value is not None and len(value.encode()) > KEY_BYTES:
        raise ItemFault("key_too_long", key)


def _number(text: str) -> Attribute:
    number = Decimal(text)
    if not number.is_finite():
        raise ItemFault("not_finite")
    if len("".join(map(str, number.as_tuple().digits)).strip("0")) > _DIGITS:
        raise ItemFault("too_many_digits")
    if number and not _SMALLEST <= number.adjusted() <= _LARGEST:
        raise ItemFault("out_of_range")
    return {"N": text}
