"""The CDK app: `cdk synth` in this folder, or `python -m infra.aws.app` at the top.

The context value "environment" (dev unless given) says what to deploy:
`cdk deploy -c environment=prod`.
"""

from __future__ import annotations

from aws_cdk import App

from infra.aws.environment import ENVIRONMENTS, Environment
from infra.aws.pipelines_stack import PipelinesStack

# What the cdk command would add makes templates differ from one machine to the next.
PLAIN = {
    "aws:cdk:disable-asset-staging": True,
    "aws:cdk:enable-asset-metadata": False,
    "aws:cdk:enable-path-metadata": False,
}


def add_stacks(app: App, *, environment: Environment) -> PipelinesStack:
    """Add every stack of an environment to the app and return the one of the pipelines."""
    return PipelinesStack(app, f"sluice-{environment.name}-pipelines", environment=environment)


def new_app(*, outdir: str | None = None) -> App:
    """Return an app without stacks.

    Arguments:
        outdir: folder for what is synthesized; CDK's choice when None.
    """
    return App(
        analytics_reporting=False, outdir=outdir, post_cli_context=PLAIN, tree_metadata=False
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
