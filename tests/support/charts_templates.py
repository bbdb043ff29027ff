"""The templates of an environment that asks for QuickSight."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

# It writes the templates of dev with QuickSight. The checks of security have to pass.
_SYNTHESIZE = """
import sys
from dataclasses import replace
from pathlib import Path
from infra.aws.charts.choices import QuickSight
from infra.aws.environment import DEV
from infra.aws.synth import synthesize, write
chosen = QuickSight(authors="analysts", readers="colleagues", identity_region="us-east-1")
write(synthesize(replace(DEV, quicksight=chosen)), Path(sys.argv[1]) / "dev")
"""


def synthesize_charts(
    run_cdk: Callable[..., subprocess.CompletedProcess[str]], folder: Path
) -> Path:
    """Write <folder>/dev/<stack>.template.json for each stack; returns the folder."""
    done = run_cdk("-c", _SYNTHESIZE, str(folder))
    assert done.returncode == 0, done.stderr
    return folder
