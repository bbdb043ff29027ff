"""The CDK app: `cdk synth` in this folder, or `python -m infra.aws.app` at the top.

The context value "environment" (dev unless given) says what to deploy:
`cdk deploy -c environment=prod`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import App, DefaultStackSynthesizer, Validations

from infra.aws.charts_stack import ChartsStack
from infra.aws.checks.plugin import Checks
from infra.aws.code_stack import CodeStack
from infra.aws.environment import ENVIRONMENTS, Environment
from infra.aws.pipelines_stack import PipelinesStack
from infra.aws.platform_stack import PlatformStack

if TYPE_CHECKING:
    from aws_cdk import Stack

# What the cdk command would add makes templates differ from one machine to the next.
PLAIN = {
    "aws:cdk:disable-asset-staging": True,
    "aws:cdk:enable-asset-metadata": False,
    "aws:cdk:enable-path-metadata": False,
}
# In every way to run the app, an error of a check is an exception, and so is one of CDK's rules.
STRICT = {
    "@aws-cdk/core:appMode": "inmemory",
    "@aws-cdk/core:strictCfnValidateErrors": True,
    "@aws-cdk/core:validateAgainstDefaultRules": True,
}


def add_stacks(app: App, *, environment: Environment) -> dict[str, Stack]:
    """Add every stack of an environment to the app, and the checks that they have to pass.

    No template has an asset, so none asks for a bootstrapped account; deploying does, by way of
    the roles that bootstrapping makes.

    Returns:
        The stacks by the last part of their names, in the order in which they are made.
    """
    prefix = f"sluice-{environment.name}"
    code = CodeStack(app, f"{prefix}-code", environment=environment, synthesizer=_synthesizer())
    pipelines = PipelinesStack(
        app, f"{prefix}-pipelines", environment=environment, synthesizer=_synthesizer()
    )
    platform = PlatformStack(
        app,
        f"{prefix}-platform",
        environment=environment,
        code=code,
        pipelines=pipelines,
        synthesizer=_synthesizer(),
    )
    stacks: dict[str, Stack] = {"code": code, "pipelines": pipelines, "platform": platform}
    if environment.quicksight is not None:
        stacks["charts"] = ChartsStack(
            app,
            f"{prefix}-charts",
            environment=environment,
            chosen=environment.quicksight,
            platform=platform,
            synthesizer=_synthesizer(),
        )
    for stack in stacks.values():
        # CloudFormation gives them to all that the stack makes, so that costs can be grouped by
        # them. In the templates they would stand at every resource.
        stack.tags.set_tag("Project", "sluice")
        stack.tags.set_tag("Environment", environment.name)
    Validations.of(app).add_plugins(Checks(environment=environment.name, stacks=stacks))
    return stacks


def _synthesizer() -> DefaultStackSynthesizer:
    return DefaultStackSynthesizer(generate_bootstrap_version_rule=False)


def new_app(*, outdir: str | None = None) -> App:
    """Return an app without stacks.

    Arguments:
        outdir: folder for what is synthesized; CDK's choice when None.
    """
    return App(
        analytics_reporting=False,
        outdir=outdir,
        post_cli_context={**PLAIN, **STRICT},
        tree_metadata=False,
    )


def main() -> None:
    """Synthesize the environment that the context names.

    Raises:
        SystemExit: there is no such environment.
    """
    app = new_app()
    name = app.node.try_get_context("environment") or "dev"
    if name not in ENVIRONMENTS:
        raise SystemExit(f"no environment {name!r}; known are {', '.join(ENVIRONMENTS)}")
    add_stacks(app, environment=ENVIRONMENTS[name])
    app.synth()


if __name__ == "__main__":
    main()
