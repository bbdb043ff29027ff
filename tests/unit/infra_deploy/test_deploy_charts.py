"""The stack of QuickSight is deployed where the app has one, and never passed over where not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from infra.deploy.cdk import Cdk, check_is_known
from infra.deploy.deploying import Deployment, deploy_charts
from infra.deploy.errors import DeployError
from infra.deploy.stacks import PARTS, stack_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CHARTS = stack_name("dev", "charts")
NO_ACCOUNT: Any = None  # nothing here asks it


@dataclass(frozen=True, kw_only=True)
class Noted(Cdk):
    """Deploys nothing, and notes what it was asked to."""

    asked: list[str] = field(default_factory=list)

    def deploy(
        self, stack: str, *, parameters: Mapping[str, str] | None = None, force: bool = False
    ) -> None:
        assert force, "it reads outputs of the platform, which may have changed"
        assert not parameters
        self.asked.append(stack)


def deployment(folder: Path, *parts: str) -> tuple[Deployment, Noted]:
    names = [stack_name("dev", part) for part in parts]
    artifacts = {name: {"type": "aws:cloudformation:stack"} for name in names}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    cdk = Noted(account=NO_ACCOUNT, environment="dev", assembly=folder)
    return Deployment(environment="dev", account=NO_ACCOUNT, cdk=cdk, package=folder), cdk


def test_charts_are_deployed_where_the_app_has_them(tmp_path: Path) -> None:
    to, cdk = deployment(tmp_path, *PARTS)
    deploy_charts(to)
    assert cdk.asked == [CHARTS]


def test_nothing_is_deployed_where_the_app_has_none_although_an_old_template_is_there(
    tmp_path: Path,
) -> None:
    to, cdk = deployment(tmp_path, "code", "pipelines", "platform")
    (tmp_path / "sluice-dev-charts.template.json").write_text("{}")
    deploy_charts(to)
    assert cdk.asked == []


def test_stack_that_the_app_no_longer_has_is_told_with_what_deletes_it(tmp_path: Path) -> None:
    _, cdk = deployment(tmp_path, "code", "pipelines", "platform")
    with pytest.raises(DeployError, match=f"delete-stack --stack-name {CHARTS}"):
        check_is_known(CHARTS, cdk)
    with pytest.raises(DeployError, match=f"delete-stack --stack-name {CHARTS}"):
        cdk.destroy(CHARTS)
    check_is_known("sluice-dev-platform", cdk)
