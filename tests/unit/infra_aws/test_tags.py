"""What every resource of a stack is tagged with, when the stack is deployed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

SYNTHESIZE = """
import json
from infra.aws.app import add_stacks, new_app
from infra.aws.environment import ENVIRONMENTS
print(json.dumps({
    f"{environment.name} {name}": stack.tags.tag_values()
    for environment in ENVIRONMENTS.values()
    for name, stack in add_stacks(new_app(), environment=environment).items()
}))
"""


def test_every_stack_says_whose_it_is_and_of_which_environment(
    run_cdk: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_cdk("-c", SYNTHESIZE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        f"{environment} {stack}": {"Project": "sluice", "Environment": environment}
        for environment in ("dev", "prod")
        for stack in ("code", "pipelines", "platform")
    }
