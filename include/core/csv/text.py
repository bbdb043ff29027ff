"""Bytes to text in whole lines: the declared encoding, byte-order marks, bounded line length.

A byte that the encoding does not have becomes a mark, one lone surrogate U+DC00 + byte, so that
only its row is rejected and the byte can still be reported. Valid text never decodes to one, but
UTF-7 can have halves of characters, which are lone surrogates too and no text either.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING, Final

from include.core.csv.encodings import refuse_other_encoding
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK: Final = re.compile("[\ud800-\udfff]")
BOM: Final = "\ufeff"
_LINE_MARKS: Final = re.compile("(?:^|(?<=[\r\n]))\ufeff+")
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_MARKS: Final = "sluice_marks"


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in bad), error.end


# a handler of decoding errors is known by name to all codecs of the process
codecs.register_error(_MARKS, _mark)


def decode(chunks: Iterator[bytes], *, name: str, encoding: str) -> Iterator[str]:
    """Decode chunks, without the one byte-order mark that a file may begin with.

    Arguments:
        chunks: the file's bytes.
        name: what its owner calls it.
        encoding: a Python codec name.

    Raises:
        InputFileError: the file begins with two byte-order marks, or is of another encoding.
    """
    codec = codecs.lookup(encoding).name
    if codec == "utf-8-sig":
        codec = "utf-8"
    decoder = codecs.getincrementaldecoder(codec)(_MARKS)
    marks_allowed = 0 if codec in {"utf-16", "utf-32"} else 1  # these codecs consume it
    started = False
    for chunk in chunks:
        if not started:
            refuse_other_encoding(chunk, name=name, codec=codec)
        try:
            text = decoder.decode(chunk)
        except UnicodeError:  # wrong bytes are marked: only the order of bytes can be unknown
            raise InputFileError(
                file=name,
                line=1,
                problem=f"the file does not begin with the byte-order mark that {codec} needs",
                fix=f'Declare encoding="{codec}-le" or "{codec}-be" in the contract',
            ) from None
        if not started and text:
            text, started = _without_bom(text, marks_allowed, name=name), True
        yield text
    yield decoder.decode(b"", final=True)


def _without_bom(text: str, allowed: int, *, name: str) -> str:
    rest = text.lstrip(BOM)
    if len(text) - len(rest) > allowed:
        raise InputFileError(
            file=name,
            line=1,
            problem="the file begins with two byte-order marks",
            fix="Save it with one, or none",
        )
    return rest


def without_marks(text: str) -> str:
    """Take away byte-order marks at the beginning of lines: where files were joined, they are left.

    Arguments:
        text: whole lines, none of them inside a quoted cell.
    """
    return _LINE_MARKS.sub("", text) if BOM in text else text


def whole_lines(texts: Iterator[str], *, limit: int) -> Iterator[tuple[str, bool]]:
    r"""Regroup text so that each piece ends where a line does (\n, \r\n or \r).

    Arguments:
        texts: pieces cut anywhere.
        limit: characters of one line.

    Yields (text, False), or (head, True) for one line above the limit: head is its beginning,
    and the rest up to its line end is gone. How the text is cut makes no difference.
    """
    carry, head = "", None
    for text in texts:
        carry += text
        # a final \r may be the first half of \r\n
        end = max(carry.rfind("\n"), carry.rfind("\r", 0, -1)) + 1
        if head is not None and end:
            start = _after_first_line(carry)
            yield head, True
            head, carry, end = None, carry[start:], end - start
        if end:
            yield from _without_overlong(carry[:end], limit)
            carry = carry[end:]
        if len(carry) - carry.endswith("\r") > limit:
            head = carry[: limit + 1] if head is None else head
            carry = carry[-1:]
    if head is not None:
        start = _after_first_line(carry)
        yield head, True
        carry = carry[start:]
    if carry:
        yield carry, False


def _without_overlong(text: str, limit: int) -> Iterator[tuple[str, bool]]:
    """Take overlong lines out of whole lines, of which a piece above the limit may have some."""
    if len(text) <= limit:
        yield text, False
        return
    lines: list[str] = []
    for line in io.StringIO(text, newline=""):
        if len(line.rstrip("\r\n")) <= limit:
            lines.append(line)
            continue
        if lines:
            yield "".join(lines), False
        lines = []
        yield line[: limit + 1], True
    if lines:
        yield "".join(lines), False


def lines_of(text: str) -> list[str]:
    r"""Cut text at its line ends (\n, \r\n or \r)."""
    return _LINE_END.split(text)


def _after_first_line(text: str) -> int:
    found = _LINE_END.search(text)
    return found.end() if found else len(text)
