"""The pipelines that start when a file lands, and the partners who may put files where."""

from __future__ import annotations

import re
from dataclasses import dataclass

from include.pipelines.landing import LANDING_PREFIXES, LANDING_SUFFIXES

# S3 compares letter by letter, so each spelling that people use is a filter of its own; the sweep
# finds the others, such as .Csv. No key ends in two of them, which S3 would refuse.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
_SUFFIXES = {
    ".csv": (".csv", ".CSV"),
    ".csv.gz": (".csv.gz", ".csv.GZ", ".CSV.gz", ".CSV.GZ"),
    ".gz": (".gz", ".GZ"),
}


@dataclass(frozen=True)
class UploadPipeline:
    """A pipeline that starts when a file lands in the landing bucket.

    Attributes:
        name: such as csv_upload_to_sqs; also the DAG's id.
        prefix: its files land below it.
    """

    name: str
    prefix: str

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The ends of names that S3 tells of."""
        declared = LANDING_SUFFIXES[self.name]
        return tuple(spelled for end in declared for spelled in _SUFFIXES.get(end, (end,)))

    @property
    def title(self) -> str:
        """Its name in logical ids and outputs, such as CsvUploadToSqs."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def outputs(self) -> tuple[str, str]:
        """The outputs with the URLs of its arrival queue and of that one's dead-letter queue."""
        return f"{self.title}QueueUrl", f"{self.title}DeadLetterQueueUrl"


UPLOAD_PIPELINES = tuple(UploadPipeline(*declared) for declared in LANDING_PREFIXES.items())


@dataclass(frozen=True, kw_only=True)
class Partner:
    """An uploader outside of the account.

    Attributes:
        name: letters and digits; names the partner's statement in the bucket policy.
        principal: number of the partner's account, or ARN of a role or user in it.
        prefix: the only place for the partner's files, such as uploads/sqs/acme/; exports/acme/
            lets the partner send exports of the tenant acme, and of no other.
    """

    name: str
    principal: str
    prefix: str

    def __post_init__(self) -> None:
        """Refuse what would open more than one place to one partner.

        Raises:
            ValueError: says which attribute is wrong.
        """
        if not re.fullmatch(r"[A-Za-z0-9]+", self.name):
            raise ValueError(f"a partner's name is letters and digits: {self.name!r}")
        if not re.fullmatch(r"\d{12}|arn:[a-z-]+:iam::\d{12}:(role|user)/[^*?]+", self.principal):
            raise ValueError(f"neither an account nor a role or user in it: {self.principal!r}")
        # A policy reads * and ? as wildcards, and ${ as the start of a variable.
        landing = "|".join(map(re.escape, LANDING_PREFIXES.values()))
        if not re.fullmatch(rf"({landing})[A-Za-z0-9][A-Za-z0-9._-]*/", self.prefix):
            raise ValueError(f"not a folder right below a landing prefix: {self.prefix!r}")


def check_distinct(partners: tuple[Partner, ...]) -> None:
    """Refuse two partners of one name, or with one place.

    Raises:
        ValueError: says what they share.
    """
    for shared in ("name", "prefix"):
        values = [getattr(partner, shared) for partner in partners]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise ValueError(f"partners share the {shared} {', '.join(twice)}")
