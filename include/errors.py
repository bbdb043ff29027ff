"""Errors that Sluice raises; whether a retry can help is a property of the class.

SluiceError
├── TerminalError              a retry cannot help
│   ├── RunInputError
│   ├── InputFileError
│   ├── NoVersionError
│   ├── SourceRefusedError
│   │   ├── CredentialsRefusedError
│   │   └── ForbiddenAddressError
│   ├── RuleError
│   ├── RejectLimitError
│   ├── ShrunkenSnapshotError
│   ├── ChangedKeysError
│   ├── TargetDiffersError
│   ├── AccountingError
│   ├── ArchiveError
│   ├── ArrivalError
│   │   ├── WithdrawnError
│   │   └── UndeclaredTableError
│   ├── FilesFailedError
│   ├── ReplayError
│   ├── DeliveryRefusedError
│   ├── NoticeRefusedError
│   ├── TallyError
│   ├── SummaryError
│   └── WarehouseRefusedError
└── TransientError             a retry may help
    ├── SourceUnavailableError
    ├── WarehouseUnavailableError
    ├── ArrivalBusyError
    ├── ExportBusyError
    ├── DeliveryUnavailableError
    ├── WorkerExhaustedError
    └── WorkInterruptedError

Messages are safe to publish: they hold no row value and no secret, and fit on one line. What is
below one, for people to copy, has lines of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class SluiceError(Exception):
    """Root of all errors that Sluice raises on purpose."""

    @property
    def of_file(self) -> str:
        """What it says where the file that it is about is named beside it."""
        return str(self)

    @property
    def below(self) -> str:
        """Lines for people to copy, as safe as the message; none of most errors."""
        return ""

    @property
    def broken(self) -> Sequence[Mapping[str, object]]:
        """What a dataset promises that was broken, as a BrokenRule each; none of most errors."""
        return ()


class TerminalError(SluiceError):
    """The same run would fail the same way again."""


class TransientError(SluiceError):
    """The same run may succeed later."""


class RunInputError(TerminalError):
    """A parameter of the run is unknown, of the wrong type, or out of range."""


class InputFileError(TerminalError):
    """A whole file breaks its contract; names file, line and what to do.

    Arguments:
        file: the name that its owner knows the file by.
        line: 1-based physical line where the fault was seen, or None for the whole file.
        problem: what is wrong, in one sentence without row values.
        fix: what to do about it.
    """

    def __init__(self, *, file: str, line: int | None, problem: str, fix: str) -> None:
        self.file, self.line, self.problem, self.fix = file, line, problem, fix
        place = file if line is None else f"{file}, line {line}"
        super().__init__(f"{place}: {problem}. {fix}")

    @property
    def of_file(self) -> str:
        place = "" if self.line is None else f"line {self.line}: "
        return f"{place}{self.problem}. {self.fix}"


class NoVersionError(TerminalError):
    """The source had no version yet at the run's as_of."""


class SourceRefusedError(TerminalError):
    """The source answered that it will not give this (401, 403, 404, a page instead of a file)."""


class CredentialsRefusedError(SourceRefusedError):
    """The source answered 401 or 403: it takes no credentials, or not these."""


class ForbiddenAddressError(SourceRefusedError):
    """An address or a redirect leaves the hosts that the dataset may fetch from."""


class RuleError(TerminalError):
    """A rule of the dataset with severity "error" is broken.

    Arguments:
        message: which, and how.
        broken: the same, as a BrokenRule each; none where a rule could not be judged.
    """

    def __init__(self, message: str, *, broken: Sequence[Mapping[str, object]] = ()) -> None:
        super().__init__(message)
        self._broken = broken

    @property
    def broken(self) -> Sequence[Mapping[str, object]]:
        return self._broken


class RejectLimitError(TerminalError):
    """More rows were rejected than the dataset allows.

    Arguments:
        message: how many, which, and what to do.
        of_file: the same without the name of the file.
    """

    def __init__(self, message: str, *, of_file: str | None = None) -> None:
        super().__init__(message)
        self._of_file = of_file

    @property
    def of_file(self) -> str:
        return self._of_file or str(self)

    @property
    def broken(self) -> Sequence[Mapping[str, object]]:
        return ({"rule": "rejects", "words": self.of_file},)


class ShrunkenSnapshotError(TerminalError):
    """A snapshot lacks more of the table's rows than the dataset allows.

    Arguments:
        message: how many, and what to do.
        shrinkage: what a person must know to decide, where the dataset has one decide; it holds
            keys, which the message does not.
    """

    def __init__(self, message: str, *, shrinkage: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.shrinkage = shrinkage

    @property
    def broken(self) -> Sequence[Mapping[str, object]]:
        return ({"rule": "shrink", "words": str(self)},)


class ChangedKeysError(TerminalError):
    """Keys changed their shape: the table would have old and new rows side by side."""


class TargetDiffersError(TerminalError):
    """A table is not what the changes were made for that are to be applied to it."""


class AccountingError(TerminalError):
    """Rows read and rows accounted for differ: a fault of Sluice itself."""


class ArchiveError(TerminalError):
    """An archived or handed-over object is not what was put there."""


class ArrivalError(TerminalError):
    """A file that landed in S3 is not where, or not what, it was said to be."""


class WithdrawnError(ArrivalError):
    """An object was deleted after it had landed.

    Arguments:
        message: what happened, and what to do.
        file: the version that was asked for, as look_up gives it; None where none was named.
    """

    def __init__(self, message: str, *, file: Mapping[str, Any] | None) -> None:
        super().__init__(message)
        self.file = file


class UndeclaredTableError(ArrivalError):
    """No dataset declares the table of an export.

    Arguments:
        message: which table, and what to do.
        declaration: the text of a module that would declare it; empty where there is none.
    """

    def __init__(self, message: str, *, declaration: str) -> None:
        super().__init__(message)
        self.declaration = declaration


class FilesFailedError(TerminalError):
    """Of the files of a run some could not be processed; the others are done.

    Arguments:
        message: how many, and why.
        below: what people may copy.
    """

    def __init__(self, message: str, *, below: str = "") -> None:
        super().__init__(message)
        self._below = below

    @property
    def below(self) -> str:
        return self._below


class ReplayError(TerminalError):
    """A run that reads rejected rows again has failed."""


class DeliveryRefusedError(TerminalError):
    """A queue, a table or a bus refused an entry; it would refuse it again."""


class NoticeRefusedError(TerminalError):
    """SNS refused the notice of a run; it would refuse it again. The data is in."""


class SummaryError(TerminalError):
    """What the page shows of a sink could not be made; nothing else is touched by it."""


class TallyError(TerminalError):
    """Rows that were read are neither in the sink nor among the rejected."""


class WarehouseRefusedError(TerminalError):
    """Postgres refused a statement; a retry would be refused too."""


class SourceUnavailableError(TransientError):
    """The source did not answer properly within the retry budget (429, 5xx, timeouts, cuts)."""


class WarehouseUnavailableError(TransientError):
    """Postgres is out of reach, restarting, or another writer holds the table."""


class ExportBusyError(TransientError):
    """Another run holds an exported table, or has taken it over."""


class ComparisonError(TransientError):
    """Athena did not find what differs between two exports."""


class ArrivalBusyError(TransientError):
    """Another run holds the file, or has taken it over from this one."""


class DeliveryUnavailableError(TransientError):
    """A queue, a table or a bus did not take all entries within the retry budget."""


class WorkerExhaustedError(TransientError):
    """The worker ran out of disk or memory; another, or this one later, may have enough."""


class WorkInterruptedError(TransientError):
    """A time limit or a signal has cut the work off."""
