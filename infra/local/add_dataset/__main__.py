"""Writes what a dataset takes, guessed from a file: its declaration, statements and a first test.

Exit code: 0 if the files are there as they would be written, 1 if none can be, 2 for a wrong
command line, 3 if some are there otherwise: the difference is shown, and nothing is written.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from infra.common.paths import LOCAL, REPOSITORY
from infra.local.add_dataset.draft import draft
from infra.local.add_dataset.errors import UnfitError
from infra.local.add_dataset.excerpt import excerpt
from infra.local.add_dataset.first_test import first_test
from infra.local.add_dataset.places import Places, check_free, check_name
from infra.local.add_dataset.report import next_steps
from infra.local.add_dataset.sample import GITHUB, file_of_github, own_file
from infra.local.add_dataset.writing import difference, write_together
from infra.local.layout import Layout
from infra.local.signals import interrupting_signals
from infra.local.stand_ins.github_program import root_from_environment
from infra.local.terminal import MisuseError, forget_reader, printable, take_any_text
from infra.local.try_file.trying import workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from infra.local.add_dataset.draft import Draft
    from infra.local.add_dataset.sample import Origin, Sample
    from infra.local.try_file.trying import Workspace

# Interrupted: 128 and the number of SIGINT, as shells have it.
WRITTEN, UNFIT, MISUSED, DIFFERS, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: list[str], *, tree: Path = REPOSITORY, github: Origin = GITHUB) -> int:
    """Run the command; returns its exit code.

    Arguments:
        arguments: the command line.
        tree: the repository that the files go to.
        github: what --live asks.
    """
    given = _parse(arguments)
    take_any_text()
    try:
        with interrupting_signals():
            return _run(given, tree, github)
    except MisuseError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return MISUSED
    except (UnfitError, OSError) as error:
        print(f"error: {printable(str(error))}. Nothing is written", file=sys.stderr)
        return UNFIT
    except KeyboardInterrupt:
        print("interrupted, nothing is written", file=sys.stderr)
        return INTERRUPTED


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.add_dataset", description=__doc__)
    parser.add_argument("--name", default="", help="the dataset's, and that of its DAG and table")
    parser.add_argument("--file", default="", help="a CSV file of your own")
    parser.add_argument("--github", default="", help="owner/repository/path of one of GitHub")
    parser.add_argument("--live", action="store_true", help="ask GitHub itself")
    parser.add_argument("--root", type=Path, default=LOCAL, help="folder of the stack")
    return parser.parse_args(arguments)


def _run(given: argparse.Namespace, tree: Path, github: Origin) -> int:
    if not given.name or bool(given.file) == bool(given.github):
        raise MisuseError(
            "name the dataset, and one file: make dataset NAME=some_rows FILE=some.csv, "
            "or GITHUB=owner/repository/path"
        )
    check_name(given.name)
    places = Places(tree, given.name)
    with workspace() as work, _sample(given, github) as sample:
        check_free(places, sample)
        made = draft(given.name, sample, work)
        files = _files(made, places, work)
        there = {target: content for target, content in files.items() if target.exists()}
        lines = [
            line
            for target, content in there.items()
            for line in difference(
                target, content, name=places.shown(target), shown=target.suffix != ".csv"
            )
        ]
        if lines:
            _say(lines)
            print("these files are there already, and differ: nothing is written", file=sys.stderr)
            return DIFFERS
        fresh = {target: content for target, content in files.items() if target not in there}
        _write(fresh)
        _say(next_steps(made, places, written=list(fresh)))
    return WRITTEN


def _say(lines: Iterable[str]) -> None:
    """Print lines, unless nobody reads them to their end."""
    try:
        print("\n".join(map(printable, lines)), flush=True)
    except BrokenPipeError:
        forget_reader()


def _sample(given: argparse.Namespace, github: Origin) -> AbstractContextManager[Sample]:
    keep = Layout(given.root.resolve()).own_files
    if given.file:
        return nullcontext(own_file(Path(given.file), name=given.name, keep=keep))
    return _fetched(given, keep, github)


@contextmanager
def _fetched(given: argparse.Namespace, keep: Path, github: Origin) -> Iterator[Sample]:
    with (
        tempfile.TemporaryDirectory(prefix="sluice-dataset-") as folder,
        file_of_github(
            given.github,
            folder=Path(folder),
            served=root_from_environment(),
            keep=keep,
            live=github if given.live else None,
        ) as sample,
    ):
        yield sample


def _files(made: Draft, places: Places, work: Workspace) -> dict[Path, bytes]:
    """The content of every file, the declaration last: with it the dataset is there."""
    sample = made.sample
    head = excerpt(sample.path, made.dataset.sources[0].contract)
    copy = work.folder / places.excerpt.name
    copy.write_bytes(head)
    version = sample.version
    return {
        **({version: sample.path.read_bytes()} if version else {}),
        places.excerpt: head,
        places.test: first_test(made.name, made.read(copy, work)).encode(),
        places.migration: made.migration.encode(),
        places.cleaning: made.cleaning.encode(),
        places.declaration: made.declaration.encode(),
    }


def _write(files: Mapping[Path, bytes]) -> None:
    try:
        write_together(files)
    except FileExistsError as error:
        raise UnfitError(f"{error.filename2} has just been made by somebody else") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
