"""The stack of what MWAA runs; made first, because MWAA wants its files when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Stack

from infra.aws.airflow.code_bucket import CodeBucket
from infra.aws.resources.deploy_role import DeployRole

if TYPE_CHECKING:
    from aws_cdk import IStackSynthesizer
    from constructs import Construct

    from infra.aws.environment import Environment


class CodeStack(Stack):
    """The bucket of DAG files, plugins, requirements and the startup script.

    Beside it, where the environment names a repository, the role that its workflows deploy with.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        synthesizer: IStackSynthesizer,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Sluice: the files that MWAA runs.",
            synthesizer=synthesizer,
            termination_protection=environment.keeps_data,
        )
        code = CodeBucket(self, "Code", environment=environment)
        CfnOutput(self, "CodeBucket", value=code.bucket.bucket_name)
        if environment.github is not None:
            DeployRole(
                self,
                "Deploy",
                environment=environment,
                github=environment.github,
                bucket=code.bucket,
            )
