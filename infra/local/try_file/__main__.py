"""Reads a CSV file, or a folder of them, as the pipeline of a dataset would; sends nothing.

Exit code: 0 if all would go through, 1 if not, 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from include.contracts.github import GitHubDataset
from include.datasets import csv_datasets
from infra.local.signals import interrupting_signals
from infra.local.terminal import MisuseError, forget_reader, printable, take_any_text
from infra.local.try_file.looking import look
from infra.local.try_file.report import line_of, lines_of
from infra.local.try_file.trying import SourceError, tried, workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from infra.local.try_file.looking import Look
    from infra.local.try_file.trying import Dataset, Outcome

    Trying = Callable[[Path], AbstractContextManager[Outcome]]
    Looking = Callable[[Path], Look]

# Interrupted: 128 and the number of SIGINT, as shells have it.
PASSES, FAILS, MISUSED, INTERRUPTED = 0, 1, 2, 130

_KINDS = ("upload", "export")


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit code."""
    given = _parse(arguments)
    take_any_text()
    try:
        with interrupting_signals():
            return _run(given)
    except (MisuseError, SourceError) as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return MISUSED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        forget_reader()
        return FAILS


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.try_file", description=__doc__)
    parser.add_argument("--file", default="", help="a CSV file, or a folder of CSV files")
    parser.add_argument("--dataset", default="", help="the dataset that it is of")
    parser.add_argument("--source", default="", help="which source of the dataset it is")
    parser.add_argument("--rows", default="", help="where the kept rows go, as JSON Lines")
    parser.add_argument("--as", dest="kind", default="", help="what is declared: upload or export")
    return parser.parse_args(arguments)


def _run(given: argparse.Namespace) -> int:
    if not given.file:
        raise MisuseError(f"no file is named: make try FILE=some.csv DATASET={'|'.join(_names())}")
    path = Path(given.file)
    if not path.is_dir() and not path.is_file():
        raise MisuseError(f"{given.file}: there is no such file or folder")
    if given.kind not in ("", *_KINDS):
        raise MisuseError(f"{given.kind!r} is nothing to declare a file as: AS={'|'.join(_KINDS)}")
    if given.dataset and given.kind:
        raise MisuseError("AS says how a file is declared that has no DATASET. Leave one out")
    if not given.dataset and (given.rows or given.source):
        raise MisuseError(f"no dataset is named. Add DATASET={'|'.join(_names())}")
    if not given.dataset:
        with workspace() as work:
            looking = partial(look, work=work, export=given.kind == "export")
            return (_look_into if path.is_dir() else _look_at)(path, looking)
    dataset = _dataset(given.dataset, given.source)
    rows = Path(given.rows) if given.rows else None
    _check_rows(path, rows)
    with workspace() as work:
        # Opens the outcome of one file.
        trying = partial(tried, dataset, work=work, source=given.source or None)
        return (_try_folder if path.is_dir() else _try_one)(trying, path, rows)


def _look_at(path: Path, looking: Looking) -> int:
    """Print what a file seems to be, and its declaration."""
    found = looking(path)
    print("\n".join(map(printable, found.lines)))
    print(found.declaration, end="")
    return PASSES if found.declaration else FAILS


def _look_into(folder: Path, looking: Looking) -> int:
    """Print what each file of a folder seems to be, on a line."""
    code = PASSES
    for path in _files(folder):
        found = looking(path)
        code = code if found.declaration else FAILS
        print(printable(found.lines[0].removeprefix("# ")))
    return code


def _files(folder: Path) -> list[Path]:
    """The files of a folder, by name; its sub-folders are not entered."""
    files = sorted(entry for entry in folder.iterdir() if entry.is_file())
    if not files:
        raise MisuseError(f"{folder}: there is no file in this folder")
    return files


def _dataset(name: str, source: str) -> Dataset:
    dataset = next((each for each in csv_datasets() if each.name == name), None)
    if dataset is None:
        raise MisuseError(f"{name!r} is no dataset. There are {', '.join(_names())}")
    sources = [each.name for each in dataset.sources] if isinstance(dataset, GitHubDataset) else []
    if source and source not in sources:
        known = f"its sources are {', '.join(sources)}" if sources else "it has no sources"
        raise MisuseError(f"{source!r} is no source of {name}: {known}")
    return dataset


def _names() -> list[str]:
    return [dataset.name for dataset in csv_datasets()]


def _check_rows(path: Path, rows: Path | None) -> None:
    """Refuse a target that is the source, that is of the other kind, or whose folder is missing."""
    if rows is None:
        return
    if rows.exists() and rows.resolve() == path.resolve():
        raise MisuseError(f"{rows}: ROWS is what FILE is. Name another place")
    if path.is_dir() and rows.exists() and not rows.is_dir():
        raise MisuseError(f"{rows} is a file, but FILE is a folder. Name a folder")
    if not path.is_dir() and rows.is_dir():
        raise MisuseError(f"{rows} is a folder, but FILE is a file. Name a file")
    folder = rows if path.is_dir() else rows.parent
    if not path.is_dir() and not folder.is_dir():
        raise MisuseError(f"{folder}: there is no such folder")


def _try_one(trying: Trying, path: Path, rows: Path | None) -> int:
    with trying(path) as outcome:
        for line in lines_of(outcome):
            print(printable(line))
        if rows:
            _write_rows(outcome, rows)
        return FAILS if outcome.causes else PASSES


def _try_folder(trying: Trying, folder: Path, rows: Path | None) -> int:
    files = _files(folder)
    if rows:
        rows.mkdir(parents=True, exist_ok=True)
    failed = sum([_try_next(trying, path, rows) for path in files])
    print(f"{len(files)} files: {len(files) - failed} would go through, {failed} would not")
    if others := sum(entry.is_dir() for entry in folder.iterdir()):
        print(f"{others} sub-folder{'s were' if others > 1 else ' was'} not entered")
    return FAILS if failed else PASSES


def _try_next(trying: Trying, path: Path, rows: Path | None) -> bool:
    """Try one file of a folder, print its line, and return whether it would fail."""
    try:
        with trying(path) as outcome:
            print(printable(line_of(outcome)))
            if rows:
                _write_rows(outcome, rows / f"{path.name}.jsonl")
            return bool(outcome.causes)
    except SourceError as error:
        print(printable(str(error)))
        return True


def _write_rows(outcome: Outcome, target: Path) -> None:
    """Write the kept rows, whole or not at all; none if the file as a whole is refused."""
    with _replaced(target) as file:
        for text in outcome.trial.rows() if outcome.trial else ():
            file.write(text + "\n")


@contextmanager
def _replaced(target: Path) -> Iterator[TextIO]:
    """Give a file that replaces another once it is whole, and that is removed if it is not."""
    fresh = target.with_name(f".{target.name[:100]}.{os.getpid()}")
    try:
        with fresh.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
