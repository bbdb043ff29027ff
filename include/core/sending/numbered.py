"""Numbered rows to a sink: several batches on their way at once, each acknowledgement marked."""

from __future__ import annotations

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from include.core.aws.batches import batches
from include.errors import AccountingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from include.core.aws.batches import Limits
    from include.core.sending.progress import Progress, Span

# A call takes 10 to 20 ms; four at once send some 2,000 messages a second and use one core. More
# would send more rows twice after a crash.
SENDERS: Final = 4
LOG_SECONDS: Final = 10.0

log = logging.getLogger(__name__)


R = TypeVar("R", bound=tuple[Any, ...])


@dataclass(kw_only=True)
class NumberedSending(Generic[R]):
    """Sends rows, which are tuples that begin with their numbers.

    Attributes:
        send: sends one batch until it is acknowledged; called in threads.
        size: bytes of one row, as the sink counts them.
        limits: of one batch.
        progress: what has been acknowledged.
        name: of the part, for the log.
        total: how many rows there are.
        seen: rows there were until now, those acknowledged before this try among them.
        sent: rows acknowledged in this try.
    """

    send: Callable[[Sequence[R]], None]
    size: Callable[[R], int]
    limits: Limits
    progress: Progress
    name: str
    total: int
    seen: int = field(default=0, init=False)
    sent: int = field(default=0, init=False)

    def run(self, rows: Iterable[R]) -> Iterator[None]:
        """Send every row that has not been acknowledged yet; yields after each mark.

        An acknowledgement is marked before another batch takes its batch's place: when this is
        cut off at any moment, at most SENDERS batches have been sent that are not marked. They
        are sent again by the next try; no other row is.

        Arguments:
            rows: all rows of the part, in order of their numbers.

        Raises:
            AccountingError: there are more or fewer rows than total.
            TransientError: another run has taken over what this is a part of.
            DeliveryRefusedError, DeliveryUnavailableError: some batch did not get through; the
                others that were on their way have ended, and their acknowledgements are marked.
        """
        self._began = self._last = time.monotonic()
        unsent = batches(self._unsent(rows), size=self.size, limits=self.limits)
        for acknowledged in _side_by_side(self._with_spans(unsent), self.send):
            self.progress.note([span for span, _ in acknowledged])
            self._count(sum(len(batch) for _, batch in acknowledged))
            yield
        self._log()
        if self.seen != self.total:
            raise AccountingError(f"{self.name}: {self.total} rows to send, {self.seen} seen")

    def _unsent(self, rows: Iterable[R]) -> Iterator[R]:
        has = self.progress.has
        for row in rows:
            self.seen += 1
            if not has(row[0]):
                yield row

    def _with_spans(self, unsent: Iterator[list[R]]) -> Iterator[tuple[Span, list[R]]]:
        """Each batch with the numbers up to its last row that no batch before it has."""
        acked = self.progress.acked
        for batch in unsent:
            last: int = batch[-1][0]
            yield (acked + 1, last), batch
            acked = last

    def _count(self, rows: int) -> None:
        self.sent += rows
        if time.monotonic() - self._last >= LOG_SECONDS:
            self._log()

    def _log(self) -> None:
        self._last = time.monotonic()
        rate = self.sent / max(self._last - self._began, 0.001)
        log.info(
            "%s: %d rows sent of %d, %.0f rows a second", self.name, self.sent, self.total, rate
        )


def _side_by_side(
    unsent: Iterator[tuple[Span, list[R]]], send: Callable[[list[R]], None]
) -> Iterator[list[tuple[Span, list[R]]]]:
    """Send batches in threads; yields those that are acknowledged, before any more are begun."""
    under_way: dict[Future[None], tuple[Span, list[R]]] = {}
    error: BaseException | None = None
    with ThreadPoolExecutor(max_workers=SENDERS, thread_name_prefix="sender") as threads:
        while True:
            while error is None and len(under_way) < SENDERS and (batch := next(unsent, None)):
                under_way[threads.submit(send, batch[1])] = batch
            if not under_way:
                break
            ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
            results = [(under_way.pop(future), future.exception()) for future in ended]
            error = next((failure for _, failure in results if failure), error)
            if acknowledged := [batch for batch, failure in results if failure is None]:
                yield acknowledged
    if error is not None:
        raise error
