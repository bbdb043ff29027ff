"""Shrunken snapshots of a dataset that has a person decide: asked about, answered, and told of.

Nothing is loaded here. An approval is entered, and the load that follows finds it. A row of the
ledger and one notice say how a question stands.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from include.contracts.rules import SHRINK, BrokenRule
from include.core.failpoints import failpoint
from include.core.runs.ledger import Counts, Details, record_run
from include.core.runs.notices import RunFacts
from include.core.runs.outbox import write_notice
from include.core.runs.questions import run_that_asks
from include.core.warehouse import shrunken
from include.core.warehouse.connection import transaction
from include.errors import RunInputError
from include.pipelines.github_csv_to_postgres.question_texts import (
    compose_question,
    question_link,
    question_notice,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import cursor

    from include.contracts.github import GitHubDataset
    from include.core.runs.ledger import RunOfSink
    from include.core.runs.outbox import Notice
    from include.core.runs.run import StartedRun
    from include.core.warehouse.connection import Connect
    from include.core.warehouse.shrunken import Shrinkage, ShrunkenSnapshot, State
    from include.pipelines.github_csv_to_postgres.task_values import (
        CleanedSnapshot,
        Decision,
        LoadedSnapshot,
        Resources,
    )

# A question whose run was lost, so that nobody can answer it, is asked anew this much later.
_LOST_AFTER = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class QuestionsOfRun:
    """What a run of a dataset has to do with questions.

    Attributes:
        dataset: the contract.
        run: which run this is.
        connect: opens a connection to the warehouse.
        resources: what the task has opened.
    """

    dataset: GitHubDataset
    run: RunOfSink
    connect: Connect
    resources: Resources

    def ask(
        self, cleaned: CleanedSnapshot, shrinkage: Shrinkage, *, dry_run: bool
    ) -> LoadedSnapshot:
        """End a run whose snapshot a person must see first, or has refused.

        Arguments:
            cleaned: what clean_and_merge came back with.
            shrinkage: what the load found.
            dry_run: find out what would be asked, and write nothing.

        Returns:
            As upsert_snapshot. Whoever meets an open question lists the run that asks it, which is
            started once: so a run that died before it was started leaves no question unasked.
        """
        subject = self._subject(cleaned["snapshot"]["sha256"])
        lost = self.resources.answer_seconds + int(_LOST_AFTER.total_seconds())
        with transaction(self.connect, doing=f"ask about {self.run.sink}") as cursor:
            found = shrunken.ask(
                cursor, subject, shrinkage, asker=self.run.parameters, lost_after_seconds=lost
            )
            failpoint("ask.entered")
            own = (found.dag_id, found.run_id) == (self.run.dag_id, self.run.run_id)
            notice = self._notice(found, is_news=own, cleaned=cleaned, dry_run=dry_run)
            if dry_run:
                cursor.connection.rollback()
                return _nothing_loaded(preview=[], notice=asdict(notice))
            self._record(cursor, found, notice)
        failpoint("ask.committed")
        if found.state != "asked":
            return _nothing_loaded()
        question = compose_question(
            self.dataset, cleaned, shrinkage, found, facts=self._facts(found.as_of)
        )
        return _nothing_loaded(questions=[run_that_asks(question)])

    def decide(self, decision: Decision) -> LoadedSnapshot | None:
        """Enter what a person, or nobody in time, has said of a snapshot of the run's as_of.

        Returns:
            None for an approval: the run goes on, and loads what is there if it is what was
            approved. Otherwise as upsert_snapshot.

        Raises:
            RunInputError: nobody has asked about the snapshot that is refused.
        """
        by, subject = decision["decided_by"], self._subject(decision["snapshot"])
        state: State = "approved" if decision["approved"] else "refused" if by else "expired"
        with transaction(self.connect, doing=f"enter an answer on {self.run.sink}") as cursor:
            found = shrunken.decide(cursor, subject, state, decided_by=by)
            failpoint("decide.entered")
            if found is None and state != "approved":
                raise RunInputError(
                    f"{self.run.sink}: nobody was asked about {subject.content_sha256} as of then"
                )
            if found is not None and state != "approved":
                self._record(cursor, found, self._notice(found, is_news=found.state == state))
        failpoint("decide.committed")
        return None if state == "approved" else _nothing_loaded()

    def _subject(self, content_sha256: str) -> shrunken.Subject:
        return shrunken.Subject(
            sink=self.run.sink, content_sha256=content_sha256, as_of=self.run.as_of
        )

    def _facts(self, as_of: Any) -> RunFacts:
        return RunFacts(
            dag_id=self.run.dag_id,
            run_id=self.run.run_id,
            dataset=self.dataset.name,
            as_of=as_of,
            ui_url=self.resources.ui_url,
            conf={},
        )

    def _notice(
        self,
        found: ShrunkenSnapshot,
        *,
        is_news: bool,
        cleaned: CleanedSnapshot | None = None,
        dry_run: bool = False,
    ) -> Notice:
        return question_notice(
            self._facts(self.run.as_of),
            found,
            is_news=is_news,
            warnings=cleaned["warnings"] if cleaned else (),
            dry_run=dry_run,
        )

    def _record(self, cursor: cursor, found: ShrunkenSnapshot, notice: Notice) -> None:
        """Write the ledger row and the notice of a run that has loaded nothing."""
        limit = f"{found.missing} of {found.rows_before} rows are missing"
        details = Details(
            broken=[BrokenRule(rule=SHRINK, words=limit)],
            question={
                "state": found.state,
                "snapshot": found.content_sha256,
                "rows_before": found.rows_before,
                "row_count": found.row_count,
                "missing": found.missing,
                "decided_by": found.decided_by,
                "link": question_link(found, self.run.dag_id, ui_url=self.resources.ui_url),
            },
        )
        if record_run(cursor, self.run, Counts(read=0), details, status="skipped"):
            failpoint("ask.entered_in_ledger")
            write_notice(cursor, notice)
        failpoint("ask.recorded")


def _nothing_loaded(*, questions: Sequence[StartedRun] = (), **of_dry_run: Any) -> LoadedSnapshot:
    nothing = asdict(Counts(read=0)) | {"questions": list(questions)}
    return cast("LoadedSnapshot", nothing | of_dry_run)
