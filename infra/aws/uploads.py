"""Where files land in the landing bucket, and which partner may put them where."""

from __future__ import annotations

import re
from dataclasses import dataclass

CSV_UPLOAD_TO_SQS = "uploads/sqs/"
CSV_UPLOAD_TO_DYNAMODB = "uploads/dynamodb/"
# S3 compares letter by letter, so each spelling that people use is a filter of its own; the sweep
# finds the others, such as .Csv. No key ends in two of them, which S3 would refuse.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
SUFFIXES = (".csv", ".CSV", ".csv.gz", ".csv.GZ", ".CSV.gz", ".CSV.GZ")


@dataclass(frozen=True, kw_only=True)
class Partner:
    """Somebody outside of the account who uploads files.

    Attributes:
        name: letters and digits; names the partner's statement in the bucket policy.
        principal: number of the partner's account, or ARN of a role or user in it.
        prefix: the only place for the partner's files, such as uploads/sqs/acme/.
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
        if not re.fullmatch(r"uploads/(sqs|dynamodb)/[A-Za-z0-9._-]+/", self.prefix):
            raise ValueError(f"not a folder right below a landing prefix: {self.prefix!r}")


def check_apart(partners: tuple[Partner, ...]) -> None:
    """Refuse two partners of one name, or with one place.

    Raises:
        ValueError: says what they share.
    """
    for shared in ("name", "prefix"):
        values = [getattr(partner, shared) for partner in partners]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise ValueError(f"partners share the {shared} {', '.join(twice)}")
