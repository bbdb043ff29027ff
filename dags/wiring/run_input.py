"""What a run is asked to do: its parameters, and the moment whose state it loads."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypedDict

from airflow.sdk import Param

from include.core.runs.questions import DECIDED_BY
from include.errors import RunInputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from include.pipelines.github_csv_to_postgres import Decision

# The UI marks with a star what may not be null.
SWITCH = ["null", "boolean"]
# Tenants and tables of exports, as keys in S3 have them.
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


def moment_param(*, title: str, description: str) -> Param:
    """A field of a form that takes a date and time, or nothing."""
    return Param(
        None,
        type=["null", "string"],
        format="date-time",
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?$",
        title=title,
        description=description,
    )


def switch_param(*, title: str, description: str) -> Param:
    """A field of a form that is off unless it is turned on."""
    return Param(False, type=SWITCH, title=title, description=description)


# The form in the UI; the API and the command line are held to the same schema.
PARAMS = {
    "as_of": moment_param(
        title="As of",
        description=(
            "Load the sources as they stood at this moment, in the time zone at the bottom left of "
            "the page. Empty: at the logical date, which is now unless you changed it."
        ),
    ),
    "refetch": switch_param(
        title="Fetch again",
        description="Download again what is archived already, and replace it in the archive.",
    ),
    "dry_run": switch_param(
        title="Dry run",
        description=(
            "Write nothing. The XCom tab of the task upsert then shows the counts, and the first "
            "20 changes before and after."
        ),
    ),
}

# Of a dataset that has a person decide about shrunken snapshots.
PARAMS_OF_ASKING = PARAMS | {
    "approved": Param(
        None,
        type=["null", "string"],
        pattern="^[0-9a-f]{64}$",
        title="Approved snapshot",
        description=(
            "Load this snapshot although rows are missing: the digest that the notice shows. "
            "It must be what the sources were as of the moment above. An answer fills this in."
        ),
    ),
}
# What the answer to a question sets beside those of the form.
_OF_ANSWERS = {"approved", "refused", DECIDED_BY}
_NAME_CHARACTERS = 100
_DIGEST = re.compile("[0-9a-f]{64}")


class Moments(TypedDict):
    """The moments of a run that the ledger has, in ISO 8601.

    Attributes:
        as_of: UTC, to the second.
        started_at: with its offset.
    """

    as_of: str
    started_at: str


class RunInput(Moments):
    """What resolve_as_of returns: the moments, the switches of the form, and a person's answer."""

    refetch: bool
    dry_run: bool
    decision: Decision | None


def resolve(*, params: Mapping[str, Any], run: Any, asks: bool = False) -> RunInput:
    """Check what a run was given, and find the moment whose state it loads.

    A scheduled or backfilled run loads its logical date. A manual one loads its parameter as_of,
    else its logical date where it has one, else the time at which it was asked for.

    Arguments:
        params: the run's parameters with their defaults.
        run: Airflow's dag_run; unknown names in what it was triggered with are refused.
        asks: the dataset has a person decide, so a run may bring an answer.

    Raises:
        RunInputError: an unknown name, a wrong type, or a moment in the future.
    """
    # Airflow checks the types of known parameters, and lets unknown ones pass.
    conf, known = run.conf or {}, PARAMS_OF_ASKING if asks else PARAMS
    refuse_unknown(conf, known, beside=_OF_ANSWERS if asks else ())
    dry_run = switched("dry_run", params["dry_run"], default=False)
    return RunInput(
        as_of=_as_of(params["as_of"], run).isoformat(),
        started_at=_started_at(run),
        refetch=switched("refetch", params["refetch"], default=False),
        dry_run=dry_run,
        decision=_decision(conf, dry_run=dry_run),
    )


def _decision(conf: Mapping[str, Any], *, dry_run: bool) -> Decision | None:
    """The answer that a run brings, whether a person started it or approve_shrinking did."""
    given = {name: conf[name] for name in ("approved", "refused") if conf.get(name) is not None}
    if not given:
        return None
    ((name, snapshot), *others) = given.items()
    if others or dry_run:
        raise RunInputError("Parameters approved, refused and dry_run exclude each other")
    if not (isinstance(snapshot, str) and _DIGEST.fullmatch(snapshot)):
        raise RunInputError(f"Parameter {name} must be a digest of 64 hexadecimal digits")
    person = conf.get(DECIDED_BY)
    by = " ".join(str(person).split())[:_NAME_CHARACTERS] if person else None
    if name == "approved" and by is None:
        by = "whoever started the run"
    return {"snapshot": snapshot, "approved": name == "approved", "decided_by": by}


def refuse_unknown(
    conf: Mapping[str, Any] | None, known: Collection[str], *, beside: Collection[str] = ()
) -> None:
    """Refuse what a run was given that its form does not have: Airflow lets it pass.

    Arguments:
        conf: what the run was triggered with.
        known: names of the form, which the error lists.
        beside: names that are taken as well.

    Raises:
        RunInputError: names those that are unknown.
    """
    unknown = sorted(set(conf or {}) - set(known) - set(beside))
    if unknown:
        raise RunInputError(
            f"Unknown parameters: {', '.join(unknown)}. Known are {', '.join(known)}"
        )


def switched(name: str, given: Any, *, default: bool) -> bool:
    """What a parameter was given that is on or off; the default for null.

    Raises:
        RunInputError: it is neither.
    """
    if given is None:
        return default
    if not isinstance(given, bool):
        raise RunInputError(f"Parameter {name} must be true or false")
    return given


def moments_asked(as_of: Any, run: Any) -> Moments:
    """The moments of a run whose form asks for one.

    Arguments:
        as_of: what the form was given, None for nothing.
        run: Airflow's dag_run.

    Raises:
        RunInputError: it is no moment, or in the future.
    """
    return Moments(as_of=_as_of(as_of, run).isoformat(), started_at=_started_at(run))


def moments_of(run: Any) -> Moments:
    """The moments of a run whose form asks for none."""
    return Moments(as_of=as_of_or_best_guess(run).isoformat(), started_at=_started_at(run))


def as_of_or_best_guess(run: Any) -> datetime:
    """The moment that a run loads, or would if what it was given were valid."""
    try:
        return _as_of((run.conf or {}).get("as_of"), run)
    except RunInputError:
        asked: datetime = run.logical_date or run.run_after
        return asked.astimezone(timezone.utc)


def _started_at(run: Any) -> str:
    started: datetime = run.start_date or run.run_after
    return started.isoformat()


def _as_of(given: Any, run: Any) -> datetime:
    is_manual = str(getattr(run.run_type, "value", run.run_type)) == "manual"
    # run_after stays the same when a task is cleared; the clock does not.
    asked: datetime = run.logical_date or run.run_after
    moment = _parse(given) if given is not None and is_manual else asked
    moment = moment.astimezone(timezone.utc).replace(microsecond=0)
    if moment > datetime.now(timezone.utc):
        raise RunInputError(f"as_of {moment:%Y-%m-%dT%H:%M:%SZ} is in the future")
    return moment


def _parse(given: Any) -> datetime:
    if not isinstance(given, str):
        raise RunInputError("Parameter as_of must be a date and time such as 2020-11-30T08:30:00Z")
    try:
        # Python 3.10 does not know the suffix Z.
        moment = datetime.fromisoformat(given.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        raise RunInputError(
            "Parameter as_of is not a date and time such as 2020-11-30T08:30:00Z"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
