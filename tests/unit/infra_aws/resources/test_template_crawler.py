"""What the crawler of the lake may do, where an environment has one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.infra_aws.templates import Template, behind, mentions, of_type

RunCdk = Callable[..., subprocess.CompletedProcess[str]]

# It prints the template of dev's pipelines with a crawler. The checks of security have to pass.
SYNTHESIZE = """
import json
from dataclasses import replace
from infra.aws.environment import DEV
from infra.aws.synth import templates
print(json.dumps(json.loads(templates(replace(DEV, crawler=True))["pipelines"])))
"""


@pytest.fixture(scope="module")
def crawling(run_cdk: RunCdk) -> Template:
    done = run_cdk("-c", SYNTHESIZE)
    assert done.returncode == 0, done.stderr
    made: Template = json.loads(done.stdout)
    return made


def crawler(template: Template) -> dict[str, Any]:
    (found,) = of_type(template, "AWS::Glue::Crawler").values()
    return dict(found)


def rights(template: Template) -> dict[str, dict[str, Any]]:
    """Return the statements of the one policy that a role of the stack has, by their purposes."""
    (role,) = of_type(template, "AWS::IAM::Role").values()
    (policy,) = role["ManagedPolicyArns"]
    document = template["Resources"][policy["Ref"]]["Properties"]["PolicyDocument"]
    return {statement["Sid"]: statement for statement in document["Statement"]}


def test_no_environment_ships_with_a_crawler(template: Template) -> None:
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    assert not {"AWS::Glue::Crawler", "AWS::Glue::SecurityConfiguration", "AWS::IAM::Role"} & kinds


def test_crawler_adds_to_the_stack_and_changes_nothing_of_it(
    crawling: Template, dev_text: str
) -> None:
    plain = json.loads(dev_text)
    assert plain["Resources"].items() <= crawling["Resources"].items()
    assert crawling["Outputs"] == plain["Outputs"]


def test_crawler_looks_below_lake_alone(crawling: Template) -> None:
    lake = {"Ref": behind(crawling, "LakeBucket")[0]}
    place = {"Path": {"Fn::Join": ["", ["s3://", lake, "/lake/"]]}}
    assert crawler(crawling)["Targets"] == {"S3Targets": [place]}
    reading = rights(crawling)["ReadTables"]
    assert reading["Action"] == "s3:GetObject"
    assert reading["Resource"]["Fn::Join"][1][1] == "lake/*"
    listing = rights(crawling)["ListTables"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["lake/*"]}}


def test_tables_that_are_found_go_where_no_declared_one_is(crawling: Template) -> None:
    declared = {behind(crawling, output)[0] for output in ("GlueDatabase", "LakeDatabase")}
    own = crawler(crawling)["DatabaseName"]["Ref"]
    assert set(of_type(crawling, "AWS::Glue::Database")) == {*declared, own}
    writing = rights(crawling)["WriteWhatWasFound"]
    assert not any(mentions(writing, database) for database in declared)
    assert mentions(writing, own)


def test_crawler_deletes_nothing(crawling: Template) -> None:
    assert crawler(crawling)["SchemaChangePolicy"]["DeleteBehavior"] == "LOG"
    assert set(rights(crawling)) == {"ReadTables", "ListTables", "WriteWhatWasFound", "WriteLogs"}
    for statement in rights(crawling).values():
        assert statement["Effect"] == "Allow"
        assert "Delete" not in json.dumps(statement["Action"])
        assert "*" not in json.dumps(statement["Action"])


def test_only_glue_for_this_account_takes_the_role(crawling: Template) -> None:
    (role,) = of_type(crawling, "AWS::IAM::Role").values()
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "glue.amazonaws.com"}
    own = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert trust["Condition"] == {"StringEquals": own}


def test_logs_of_the_crawler_are_encrypted_by_a_key_that_admits_them(crawling: Template) -> None:
    ((name, encryption),) = of_type(crawling, "AWS::Glue::SecurityConfiguration").items()
    assert crawler(crawling)["CrawlerSecurityConfiguration"] == {"Ref": name}
    logs = encryption["EncryptionConfiguration"]["CloudWatchEncryption"]
    assert logs["CloudWatchEncryptionMode"] == "SSE-KMS"
    key = crawling["Resources"][logs["KmsKeyArn"]["Fn::GetAtt"][0]]["Properties"]
    (admitted,) = (s for s in key["KeyPolicy"]["Statement"] if s.get("Sid") == "LogGroups")
    assert "log-group:/aws-glue/crawlers*" in json.dumps(admitted["Condition"])
