"""Every finding that stays, with its reason; synthesis fails on any other."""

from __future__ import annotations

from infra.aws.checks.acknowledged.charts import OF_CHARTS
from infra.aws.checks.acknowledged.pipelines import OF_PIPELINES
from infra.aws.checks.acknowledged.platform import OF_PLATFORM
from infra.aws.checks.acknowledged.rights import OF_RIGHTS

ACKNOWLEDGED = (*OF_PIPELINES, *OF_RIGHTS, *OF_PLATFORM, *OF_CHARTS)
