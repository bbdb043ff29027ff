"""What text is that should be CSV: web pages, errors of services, JSON, pointers to files."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Content:
    """What a file is that is no CSV file.

    Attributes:
        what: completes "the file is ..."; its title or message goes with it, but no row.
        fix: what to do.
    """

    what: str
    fix: str


_LINE_CHARACTERS: Final = 80
_LITERAL: Final = len("false")
_TABLE_LINES: Final = 10
_SNIFFED: Final = 1024
_OPEN_IT: Final = "Open it to see what it says, and send the CSV file instead"
_AS_CSV: Final = "Send its rows as CSV"

_THE_FILE: Final = "Fetch the file itself"
_FORMS: Final = (
    (
        re.compile(r"version https://git-lfs\.github\.com/spec/"),
        "a Git LFS pointer, not the file itself",
        "Fetch the file from its LFS address",
    ),
    (
        re.compile(r"[./]*(?:\.git)?/?annex/objects/\S+\s*\Z"),
        "a git-annex pointer, not the file itself",
        _THE_FILE,
    ),
    (
        re.compile(r"(?:\.{1,2}/|/)[\w./-]+\.csv(?:\.gz)?\s*\Z"),
        "a link to another file, not the file itself",
        _THE_FILE,
    ),
    (
        re.compile(r"[45]\d\d:? [A-Z][A-Za-z ]+\.?\s*\Z"),
        "a server's answer that it has no file",
        "Fetch the file again",
    ),
    (
        re.compile(r"-----BEGIN [A-Z0-9 ]+-----\r?\n"),
        "encrypted or signed text (PEM, PGP)",
        "Send the CSV file itself",
    ),
    (re.compile(r"\{\\rtf\d"), "a text document (RTF)", "Save it as CSV (UTF-8)"),
)

# A tag that ends its cell may be a name in a table of tags; one that more follows is a page.
_PAGE: Final = re.compile(
    r"(?:<\?xml[^>]*>\s*|<!--[\s\S]*?-->\s*)*"
    r"<(?:!doctype\s+html|(?P<part>title|meta|script|style|table|div|center|h1|p|br)|html|head|body)"
    r"\b[^>]*>"
    r"(?!\s*[,;\t|])(?P<rest>[\s\S]*)",
    re.IGNORECASE,
)
_TITLE: Final = re.compile(r"<(title|h1)\b[^>]*>([\s\S]*?)</\1", re.IGNORECASE)
_XML: Final = re.compile(
    r"(?:<\?xml\b[^>]*\?>\s*)?(?:<[?!][^>]*>\s*)*<(?P<root>[A-Za-z_][\w.:-]*)(?:\s[^<>]*)?>"
    r"(?P<rest>\s*<[\s\S]*|[^<]*</(?P=root)>\s*\Z)?"
)
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_CODE: Final = re.compile(r"<Code>\s*([A-Za-z0-9.]{1,80})\s*</Code>")
_MESSAGES: Final = ("message", "Message", "error", "error_description", "detail", "errors")


def identify_text(head: bytes, *, whole: bool) -> Content | None:
    """Say what a file of text is that is no CSV file; None for one that may be.

    Arguments:
        head: its first bytes.
        whole: whether that is all of it.
    """
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if not start or start not in b"<{[v-./45":
        return None
    text = head.decode("utf-8-sig", "replace").lstrip()
    for form, what, fix in _FORMS:
        if form.match(text):
            return Content(what, fix)
    return _markup(text) if start == b"<" else _json(text, whole=whole)


def printable_line(text: str) -> str:
    """Write a title or a message in printable ASCII, on one line, 80 characters at most."""
    line = " ".join(text.split()).replace('"', "'").encode("ascii", "backslashreplace").decode()
    line = "".join(char if char.isprintable() else "?" for char in line)
    return line if len(line) <= _LINE_CHARACTERS else line[: _LINE_CHARACTERS - 3] + "..."


def _markup(text: str) -> Content | None:
    if _is_table(text):
        return None
    page = _PAGE.match(text)
    further = ("</" if page["part"] else "<") if page else ""
    if page and (not page["rest"].strip() or further in page["rest"]):
        title = _TITLE.search(text)
        says = printable_line(html.unescape(re.sub("<[^>]*>", "", title[2]))) if title else ""
        return Content(f'an HTML page titled "{says}"' if says else "an HTML page", _OPEN_IT)
    document = _XML.match(text)
    rest = (document and document["rest"]) or ""
    if document is None or not (text.startswith("<?xml") or "</" in rest or "/>" in rest):
        return None
    code = _CODE.search(text, 0, _SNIFFED) if document["root"] == "Error" else None
    if code:
        return Content(f"an error of S3 or a service like it ({code[1]})", _OPEN_IT)
    return Content(f"an XML document ({printable_line(document['root'])})", _AS_CSV)


def _is_table(text: str) -> bool:
    """Check whether the first lines have one delimiter equally often, as a table of tags has."""
    lines = [line for line in text[:_SNIFFED].split("\n")[:_TABLE_LINES] if line.strip()]
    counts = [{line.count(delimiter) for line in lines} for delimiter in ",;\t|"]
    return len(lines) > 1 and any(len(count) == 1 and count != {0} for count in counts)


def _json(text: str, *, whole: bool) -> Content | None:
    if not text.startswith(("{", "[")):
        return None
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        # what is cut off was right so far
        cut = error.pos > len(text) - _LITERAL or error.msg.startswith("Unterminated string")
        return Content("JSON", _AS_CSV) if cut and not whole and len(text) > 1 else None
    except RecursionError:
        return Content("JSON", _AS_CSV)
    rest = text[end:].lstrip(" \t\r")
    if not rest.strip():
        message = _message(value)
        says = f' that says "{message}"' if message else ""
        return Content(f"a JSON answer{says}", _OPEN_IT if message else _AS_CSV)
    if rest.startswith("\n") and rest.lstrip().startswith(text[0]) and _is_json(rest.lstrip()):
        return Content("JSON, one value a line (NDJSON)", _AS_CSV)
    return None


def _is_json(line: str) -> bool:
    """Check whether text begins with JSON, or is cut off inside it."""
    first, *others = line.splitlines()
    try:
        json.JSONDecoder().raw_decode(first)
    except (json.JSONDecodeError, RecursionError):
        return not others
    return True


def _message(value: Any) -> str:
    """Give what an answer says of an error, if it says so in a few words."""
    if not isinstance(value, dict):
        return ""
    for name in _MESSAGES:
        text = value.get(name)
        if isinstance(text, list) and text:
            text = text[0]
        if isinstance(text, dict):
            text = text.get("message")
        if isinstance(text, str) and text.strip():
            return printable_line(text)
    return ""
