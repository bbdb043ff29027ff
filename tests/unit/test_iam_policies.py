"""The comparison of what a role may do with what is called: each difference shows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.aws_calls import Call, Right, rights_of
from tests.support.iam_policies import Idle, compare, grants_of

BUCKET = "arn:aws:s3:::lake"
READ = Right("s3:GetObject", f"{BUCKET}/raw/a")
WRITE = Right("s3:PutObject", f"{BUCKET}/raw/a")
LIST = Right("s3:ListBucket", BUCKET, {"s3:prefix": "raw/"})
TELL = Right("events:PutEvents", "arn:aws:events:::bus", {"events:source": "sluice"})
RIGHTS = (READ, WRITE, LIST, TELL)
POLICY: list[dict[str, Any]] = [
    {
        "Sid": "Keep",
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": f"{BUCKET}/raw/*",
    },
    {
        "Sid": "List",
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": [BUCKET],
        "Condition": {"StringLikeIfExists": {"s3:prefix": ["raw/*"]}},
    },
    {
        "Sid": "Tell",
        "Effect": "Allow",
        "Action": "events:PutEvents",
        "Resource": "arn:aws:events:::bus",
        "Condition": {"StringEquals": {"events:source": "sluice"}},
    },
]


def statement(**changes: Any) -> dict[str, Any]:
    return {"Sid": "More", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **changes}


def test_policy_of_exactly_what_is_called_differs_in_nothing() -> None:
    assert compare(RIGHTS, grants_of(POLICY), ()) == []


@pytest.mark.parametrize("lost", range(4))
def test_each_action_that_is_dropped_is_missed(lost: int) -> None:
    grants = grants_of(POLICY)
    dropped = grants.pop(lost)
    (found,) = compare(RIGHTS, grants, ())
    assert found.startswith(f"not allowed: {dropped.action} on {dropped.resource.rstrip('*')}")


@pytest.mark.parametrize(
    "more",
    [
        statement(Action="s3:DeleteObject", Resource=f"{BUCKET}/raw/*"),
        statement(Action="iam:PassRole"),
        statement(Resource=f"{BUCKET}/json/*"),
        statement(Resource="arn:aws:s3:::other/*"),
        statement(
            Action="s3:ListBucket",
            Resource=BUCKET,
            Condition={"StringLikeIfExists": {"s3:prefix": ["json/*"]}},
        ),
    ],
    ids=["action", "service", "folder", "bucket", "prefix"],
)
def test_each_action_resource_or_condition_too_many_is_never_used(more: dict[str, Any]) -> None:
    (found,) = compare(RIGHTS, grants_of([*POLICY, more]), ())
    assert found == f"never used: More: {more['Action']} on {more['Resource']}"


def test_what_is_refused_is_not_allowed_whatever_allows_it() -> None:
    refusal = statement(Effect="Deny", Action="s3:Get*", Resource="*")
    (found,) = compare(RIGHTS, grants_of([*POLICY, refusal]), ())
    assert found == f"not allowed: s3:GetObject on {READ.resource}"


@pytest.mark.parametrize(
    "outside",
    [
        Right("s3:GetObject", f"{BUCKET}/elsewhere/a"),
        Right("s3:GetObjectVersion", READ.resource),
        Right("s3:ListBucket", BUCKET, {"s3:prefix": "json/"}),
        Right("events:PutEvents", TELL.resource, {"events:source": "another"}),
        Right("events:PutEvents", TELL.resource),
    ],
)
def test_call_that_a_resource_or_condition_shuts_out_is_not_allowed(outside: Right) -> None:
    found = compare([*RIGHTS, outside], grants_of(POLICY), ())
    assert found == [f"not allowed: {outside.action} on {outside.resource}"]


def test_listing_without_a_prefix_is_let_through_by_a_condition_on_it_if_there() -> None:
    assert compare([*RIGHTS, Right("s3:ListBucket", BUCKET)], grants_of(POLICY), ()) == []


def test_reason_excuses_what_is_never_used_and_must_excuse_something() -> None:
    grants = grants_of([*POLICY, statement(Action="kms:Decrypt", Resource="key")])
    reason = Idle(sid="More", actions=("kms:Decrypt",), resource="key", why="S3 does it")
    assert compare(RIGHTS, grants, [reason]) == []
    assert compare(RIGHTS, grants_of(POLICY), [reason]) == ["excuses nothing: More, S3 does it"]


def test_operation_whose_rights_nobody_has_written_down_is_an_error() -> None:
    with pytest.raises(KeyError, match="s3:DeleteBucket"):
        rights_of([Call("s3", "DeleteBucket", {"Bucket": "lake"})])


@pytest.mark.parametrize(
    ("call", "right"),
    [
        (
            Call("s3", "GetObject", {"Bucket": "b", "Key": "k", "VersionId": "1"}),
            Right("s3:GetObjectVersion", "arn:aws:s3:::b/k"),
        ),
        (
            Call("s3", "HeadObject", {"Bucket": "b", "Key": "k"}),
            Right("s3:GetObject", "arn:aws:s3:::b/k"),
        ),
        (
            Call("sqs", "SendMessageBatch", {"QueueUrl": "http://host/000000000000/q"}),
            Right("sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:q"),
        ),
        (
            Call(
                "dynamodb",
                "BatchExecuteStatement",
                {"Statements": [{"Statement": 'UPDATE "t" SET "a"=? WHERE "id"=?'}]},
            ),
            Right("dynamodb:PartiQLUpdate", "arn:aws:dynamodb:us-east-1:000000000000:table/t"),
        ),
    ],
)
def test_operations_take_the_rights_that_iam_has_for_them(call: Call, right: Right) -> None:
    assert rights_of([call]) == {right}
