"""Whether a file's bytes can be of the encoding that its contract declares."""

from __future__ import annotations

import codecs
import re
from typing import Final

from include.errors import InputFileError

_SNIFFED_BYTES: Final = 4096
_LEAST_BYTES: Final = 32  # fewer say nothing about binary data
_WIDE: Final = ("utf-16", "utf-32")  # also with -le and -be
# control characters, but for those of white space and ESC
_NO_TEXT: Final = re.compile(rb"[\x00-\x08\x0e-\x19]")
# UTF-32 first: the mark of UTF-16-LE is the beginning of its own
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def refuse_other_encoding(head: bytes, *, name: str, codec: str) -> None:
    """Raise InputFileError if the first bytes are plainly of another encoding, or of none.

    Arguments:
        head: the file's beginning.
        name: what its owner calls it.
        codec: Python's name of the declared encoding.
    """
    sample = head[:_SNIFFED_BYTES]
    if codec.startswith(_WIDE):
        if sample and b"\0" not in sample and sample.isascii():
            raise _fault(name, f"the file looks like plain ASCII, not {codec}")
        return
    wide = _wide(sample)
    if wide:
        raise _fault(name, f"the file looks like {wide[:6].upper()}, not {codec}", wide)
    if codec not in ("utf-8", "ascii") and sample.startswith(codecs.BOM_UTF8):
        raise _fault(name, f"the file begins with the mark of UTF-8, not as {codec}", "utf-8")
    if 3 * len(_NO_TEXT.findall(sample)) > len(sample) > _LEAST_BYTES:
        raise InputFileError(
            file=name, line=1, problem="the file is binary data, not text", fix="Send it as CSV"
        )


def _wide(sample: bytes) -> str | None:
    """Recognise UTF-16 and UTF-32 by their mark, or by NUL bytes in the same places throughout."""
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    quarter = max(len(sample) // 4, 1)
    full = [4 * sample[place::4].count(0) > 3 * quarter for place in range(4)]
    if full[2] and full[3]:
        return "utf-32-le"
    if full[0] and full[1]:
        return "utf-32-be"
    half = max(len(sample) // 2, 1)
    if 2 * sample[1::2].count(0) > half or _has_wide_lines(sample, b"\n\0", low=0):
        return "utf-16-le"
    if 2 * sample[0::2].count(0) > half or _has_wide_lines(sample, b"\0\n", low=1):
        return "utf-16-be"
    return None


def _has_wide_lines(sample: bytes, end: bytes, *, low: int) -> bool:
    """Check whether all line ends are two bytes, and NUL is most often the high byte.

    So it is in UTF-16 of scripts beyond Latin, few of whose other characters have a NUL.
    """
    places = [found.start() for found in re.finditer(end, sample)]
    return (
        len(places) == sample.count(b"\n") > 0
        and all(place % 2 == 0 for place in places)
        and sample[1 - low :: 2].count(0) > sample[low::2].count(0)
    )


def _fault(name: str, problem: str, encoding: str = "utf-8") -> InputFileError:
    return InputFileError(
        file=name,
        line=1,
        problem=problem,
        fix=f'Save it as UTF-8, or declare encoding="{encoding}" in the contract',
    )
