"""The blocks of code in the documents, with the marks that a reader does not see.

A mark is an HTML comment on the line before a block:

    <!-- not run: needs AWS -->            the block is an exception, and why
    <!-- not compared: a picture -->       the same of a block that shows what is printed
    <!-- shortened -->                     lines of what is printed, whose numbers differ
    <!-- ends with 2 -->                   the exit code of the block's last command
    <!-- after the runs -->                it is run once all runs of Airflow have ended
    <!-- first: docs/other.md -->          the blocks of another page are run before
    <!-- file: include/datasets/a.py -->   the block is this file; NNNN is a migration's number
    <!-- with: import statements -->       the block needs these to run
    <!-- given: some.csv -->               files that the block expects
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")],
    key=lambda path: (path.name != "README.md", path),
)
LANGUAGES = {"sh", "text", "python", "sql"}
MARKS = {
    "not run", "not compared", "shortened", "ends with", "after the runs",
    "first", "file", "with", "given",
}  # fmt: skip
_NUMBER = "NNNN"
_MARK = re.compile(r"^ *<!-- ([a-z ]+?)(?:(?:: | (?=\d))(.+))? -->$")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block of a page.

    Attributes:
        page: its path in the repository.
        line: where it begins, from 1.
        language: what its fence says.
        text: its lines, without the page's indentation.
        marks: name to what the mark says; "" where it says no more.
    """

    page: str
    line: int
    language: str
    text: str
    marks: dict[str, str]

    @property
    def is_run(self) -> bool:
        return self.language != "text" and "not run" not in self.marks

    @property
    def is_compared(self) -> bool:
        return self.language == "text" and "not compared" not in self.marks

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(path: Path) -> list[Block]:
    """The blocks of a page, in their order."""
    found: list[Block] = []
    marks: dict[str, str] = {}
    lines = path.read_text("utf-8").splitlines()
    numbers = iter(range(len(lines)))
    for number in numbers:
        line = lines[number]
        if mark := _MARK.match(line):
            marks[mark[1]] = mark[2] or ""
        elif fence := re.match(r"^( *)```(.*)$", line):
            text = []
            for inner in numbers:
                if lines[inner] == f"{fence[1]}```":
                    break
                text.append(lines[inner].removeprefix(fence[1]))
            page = str(path.relative_to(REPOSITORY))
            content = "\n".join([*text, ""])
            found.append(
                Block(page=page, line=number + 1, language=fence[2], text=content, marks=marks)
            )
            marks = {}
        elif line.strip():
            marks = {}
    return found


def place_of(name: str, copy: Path) -> Path:
    """Where a file that a page adds goes: a migration gets the next free number."""
    folder, file = (copy / name).parent, (copy / name).name
    if not file.startswith(_NUMBER):
        return folder / file
    there = list(folder.glob(file.replace(_NUMBER, "[0-9]" * 4)))
    last = max(int(path.name[:4]) for path in folder.glob("[0-9]*.sql"))
    return there[0] if there else folder / file.replace(_NUMBER, f"{last + 1:04}")


ALL = {str(path.relative_to(REPOSITORY)): blocks(path) for path in PAGES}


def shows(printed: str, block: Block) -> bool:
    """Whether a block shows what was printed; runs of blanks count as one, … is any text."""
    lines = [_plain(line, block) for line in printed.splitlines()]
    shown = [_plain(line, block) for line in block.text.splitlines() if line.strip()]
    patterns = [re.escape(line).replace("…", ".*") for line in shown if line.strip() != "…"]
    if "shortened" in block.marks:
        return all(any(re.fullmatch(each, line) for line in lines) for each in patterns)
    text = "\n".join(line for line in lines if line)
    return re.search("^" + "\n".join(patterns) + "$", text, re.MULTILINE) is not None


def _plain(line: str, block: Block) -> str:
    numbered = re.sub(r"\d+", "0", line) if "shortened" in block.marks else line
    return " ".join(numbered.split())
