"""The form of an upload pipeline: the files that a person or the sweep gives a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param

from include.errors import RunInputError
from wiring.run_input import SWITCH, refuse_unknown, switched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIELDS = ("bucket", "key", "version_id", "prefix", "again", "objects")

_TEXT = ["null", "string"]


def form_params(prefix: str) -> dict[str, Param]:
    """The form in the UI; the API and the command line accept the same schema.

    Arguments:
        prefix: of the pipeline's files, for an example.

    Returns:
        A parameter for each of FIELDS.
    """
    return {
        "bucket": Param(
            None,
            type=_TEXT,
            title="Bucket",
            description="The landing bucket; an empty field means the same.",
        ),
        "key": Param(
            None,
            type=_TEXT,
            minLength=1,
            title="Key",
            description=f"One file, such as {prefix}orders.csv.",
        ),
        "version_id": Param(
            None,
            type=_TEXT,
            minLength=1,
            title="Version",
            description="One version of the file, also a deleted one. Empty: the newest.",
        ),
        "prefix": Param(
            None,
            type=_TEXT,
            minLength=1,
            title="Prefix",
            description="Instead of a key: the newest version of every file below it.",
        ),
        "again": Param(
            True,
            type=SWITCH,
            title="Process again",
            description="Also files that have been processed already.",
        ),
        "objects": Param(
            None,
            type=["null", "array"],
            items={
                "type": "object",
                "properties": {"key": {"type": "string"}, "version_id": {"type": "string"}},
                "required": ["key", "version_id"],
                "additionalProperties": False,
            },
            title="Objects",
            description="The sweep fills this in: key and version_id of each file that it found.",
        ),
    }


@dataclass(frozen=True, kw_only=True)
class UploadForm:
    """What a run was given; empty when it answers events."""

    bucket: str | None
    key: str | None
    version_id: str | None
    prefix: str | None
    again: bool
    objects: tuple[tuple[str, str], ...]

    @property
    def names_files(self) -> bool:
        return bool(self.key or self.prefix or self.objects)


def read_form(*, params: Mapping[str, Any], run: Any, more: Sequence[str] = ()) -> UploadForm:
    """Check what a run was given.

    Arguments:
        params: the run's parameters with their defaults.
        run: Airflow's dag_run; unknown names in what it was triggered with are refused.
        more: names that the form has beside FIELDS; whoever knows them checks their values.

    Raises:
        RunInputError: an unknown name, a wrong type, or names that do not go together.
    """
    refuse_unknown(run.conf, (*FIELDS, *more))
    texts = {name: params[name] for name in ("bucket", "key", "version_id", "prefix")}
    for name, value in texts.items():
        if value is not None and not isinstance(value, str):
            raise RunInputError(f"Parameter {name} must be text")
    again = switched("again", params["again"], default=True)
    objects = _objects(params["objects"])
    if sum(map(bool, (texts["key"], texts["prefix"], objects))) > 1:
        raise RunInputError("Give one of key, prefix and objects")
    if texts["version_id"] and not texts["key"]:
        raise RunInputError("A version_id needs its key")
    by_hand = str(getattr(run.run_type, "value", run.run_type)) == "manual"
    if by_hand and not (texts["key"] or texts["prefix"] or objects):
        raise RunInputError("Give a key or a prefix: a run by hand answers no events")
    return UploadForm(**texts, again=again, objects=objects)


def _objects(given: Any) -> tuple[tuple[str, str], ...]:
    problem = RunInputError("Parameter objects must be a list of key and version_id, both text")
    if given is None:
        return ()
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise problem
    if any(each.keys() != {"key", "version_id"} for each in given):
        raise problem
    if not all(isinstance(value, str) and value for each in given for value in each.values()):
        raise problem
    return tuple((each["key"], each["version_id"]) for each in given)
