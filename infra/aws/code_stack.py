"""The stack of what MWAA runs; made first, because MWAA wants its files when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Stack

from infra.aws.platform.code_bucket import CodeBucket

if TYPE_CHECKING:
    from aws_cdk import IStackSynthesizer
    from constructs import Construct

    from infra.aws.environment import Environment


class CodeStack(Stack):
    """The bucket of DAG files, plugins, requirements and the startup script."""

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
