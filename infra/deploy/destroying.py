"""Takes an environment away, and says what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.deploy import keys, stacks
from infra.deploy.emptying import empty
from infra.deploy.errors import DeployError
from infra.deploy.stacks import stack_name
from infra.deploy.steps import detail, report, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.deploy.account import Account
    from infra.deploy.cdk import Cdk
    from infra.deploy.keys import KeptKey
    from infra.deploy.stacks import Resource, Stack

Found = dict[str, "list[Resource]"]
BUCKET, DATABASE, KEY = "AWS::S3::Bucket", "AWS::RDS::DBInstance", "AWS::KMS::Key"


def destroy(
    environment: str,
    *,
    account: Account,
    cdk: Cdk,
    confirm: Callable[[], bool],
    confirm_keys: Callable[[], bool],
) -> None:
    """Delete the stacks of an environment, last first, and empty the buckets that go with them.

    What is there to be deleted is shown, then confirmed; buckets are looked up again before they
    are emptied. A bucket that its stack keeps is not touched. Secrets that somebody gave a key for
    stay, unless that is confirmed as well.

    Arguments:
        environment: its name.
        account: where it is.
        cdk: deletes the stacks.
        confirm: asked once, after all was shown and before anything is changed.
        confirm_keys: asked after that, where there are secrets, whether they go too.

    Raises:
        DeployError: the environment is protected, it was not confirmed, or something could not be
            deleted.
    """
    there = _there(account, environment)
    if not there:
        report(f"there is no stack of {environment} in account {account.number}, {account.region}")
        return
    for stack in there:
        stacks.check_can_change(stack if stack.status.endswith("_IN_PROGRESS") else None)
    found = _resources(account, there)
    _check_unprotected(account, environment, there, found)
    secrets = keys.kept(account, environment)
    _show(found, secrets)
    if not confirm():
        raise DeployError("not confirmed, nothing was deleted")
    staying = _settle(account, found, secrets, go=bool(secrets) and confirm_keys())
    with step("synthesize the templates"):
        cdk.synthesize()
    for stack in there:
        with step(f"delete {stack.name}"):
            # What is last writes into the buckets of those before it, so each one's come now.
            _empty_buckets(account, stack, found[stack.name])
            cdk.destroy(stack.name)
    _report_what_stays(environment, found, staying)


def _settle(account: Account, found: Found, secrets: list[KeptKey], *, go: bool) -> list[KeptKey]:
    """Delete secrets, or keep them readable; returns those that stay.

    A key of KMS encrypts and decrypts nothing from the moment on that its stack deletes it.
    """
    if go:
        with step("delete the secrets"):
            keys.take_away(account, secrets)
        return []
    going = set(_of_type(found, KEY, fate="Delete"))
    losing = [each for each in secrets if (each.encrypted_with or "").rpartition("/")[2] in going]
    if losing:
        with step("encrypt the secrets that stay with the account's own key"):
            keys.hand_over(account, losing)
    return secrets


def _there(account: Account, environment: str) -> list[Stack]:
    cloudformation = account.client("cloudformation")
    names = [stack_name(environment, part) for part in reversed(stacks.PARTS)]
    return [found for name in names if (found := stacks.find(cloudformation, name))]


def _resources(account: Account, there: list[Stack]) -> Found:
    cloudformation = account.client("cloudformation")
    return {stack.name: stacks.resources(cloudformation, stack.name) for stack in there}


def _check_unprotected(
    account: Account, environment: str, there: list[Stack], found: Found
) -> None:
    protected = [
        f"stack {stack.name} has termination protection: aws cloudformation update-termination-"
        f"protection --no-enable-termination-protection --stack-name {stack.name}"
        for stack in there
        if stack.protected
    ]
    for name in _of_type(found, DATABASE):
        rds = account.client("rds")
        (database,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        if database["DeletionProtection"]:
            protected.append(
                f"database {name} has deletion protection: aws rds modify-db-instance "
                f"--no-deletion-protection --apply-immediately --db-instance-identifier {name}"
            )
    if protected:
        raise DeployError(
            f"{environment} is protected against what you ask for. Take each "
            "protection off by hand first:\n  " + "\n  ".join(protected)
        )


def _of_type(found: Found, wanted: str, *, fate: str | None = None) -> list[str]:
    everything = [resource for resources in found.values() for resource in resources]
    return [r.name for r in everything if r.type == wanted and fate in (None, r.fate)]


def _show(found: Found, secrets: list[KeptKey]) -> None:
    for name, resources in found.items():
        report(f"{name}: {len(resources)} resources")
    for bucket in _of_type(found, BUCKET, fate="Delete"):
        report(f"  emptied, all versions: {bucket}")
    for database in _of_type(found, DATABASE, fate="Delete"):
        report(f"  deleted with its data: {database}")
    for secret in secrets:
        report(f"  kept, unless you say otherwise: secret {secret.name}")


def _empty_buckets(account: Account, stack: Stack, shown: list[Resource]) -> None:
    cloudformation = account.client("cloudformation")
    now = _of_type({"": stacks.resources(cloudformation, stack.name)}, BUCKET, fate="Delete")
    for bucket in now:
        if bucket not in {resource.name for resource in shown}:
            raise DeployError(f"bucket {bucket} was not there when you confirmed: start again")
        detail(f"emptying {bucket}")
        detail(f"deleted {empty(account.client('s3'), bucket)} versions")


def _report_what_stays(environment: str, found: Found, secrets: list[KeptKey]) -> None:
    kept = [(r.type, r.name, r.fate) for each in found.values() for r in each if r.fate != "Delete"]
    report("\nwhat stays, and may cost money:")
    for kind, name, fate in kept:
        report(f"  {kind} {name}" if fate == "Retain" else f"  a last snapshot of {kind} {name}")
    for key in _of_type(found, KEY, fate="Delete"):
        report(
            f"  key {key}, which is deleted after its waiting period; until then it can be saved"
        )
    for secret in secrets:
        remove = f"make secret NAME={secret.connection} ENV={environment} REMOVE=yes"
        report(f"  secret {secret.name}, which the next deployment finds: {remove}")
    report(f"  log groups named airflow-sluice-{environment}-*, which MWAA made")
    report(f"  secrets below sluice/{environment}/ that were made in another way than that")
    report("  the stack CDKToolkit and its bucket, which other apps of the account may use")
