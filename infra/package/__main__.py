"""Builds what MWAA is given into .local/package, and verifies it: `python -m infra.package`."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from infra.common.errors import SetupError
from infra.common.locks import exclusive
from infra.common.paths import LOCAL, REPOSITORY
from infra.package.build import build
from infra.package.constraints import PYTHON, check_agreement
from infra.package.environment import Recipe, prepare
from infra.package.errors import PackageError
from infra.package.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.package.build import Package
    from infra.package.environment import Environment

PACKAGE = LOCAL / "package"
CHECK = LOCAL / "package-check"
# MWAA gives up installing requirements then.
MOST_MINUTES = 9


report = partial(print, flush=True)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long something took."""
    started = time.monotonic()
    yield
    report(f"{what}: {time.monotonic() - started:.1f} s")


def describe(package: Package) -> None:
    """Print what the package consists of, and what of the work tree is in it or not."""
    report(f"\n{'artefact':<18}{'files':>6}{'bytes':>10}  sha256")
    for part in package.artefacts:
        report(f"{part.name:<18}{part.files:>6}{part.size:>10}  {part.sha256}")
    sources = package.sources
    report(f"\nof commit {sources.commit}" if sources.commit else "\nof a folder without Git")
    for name in sources.changed:
        report(f"  not as committed, packaged as it is: {name}")
    for name in sources.left_out:
        report(f"  not known to Git, left out until it is added: {name}")


def describe_environment(environment: Environment) -> None:
    """Print what the requirements bring to MWAA, and how long that takes."""
    had = environment.installed
    how = "installed now" if environment.fresh else "as it was installed, unchanged"
    report(
        f"Python {PYTHON}, {how}: {len(had.image)} packages of the image ({had.image_seconds} s)"
    )
    added = ", ".join(f"{name} {version}" for name, version in sorted(had.added.items()))
    report(
        f"beyond the image {len(had.added)}: {added} ({had.added_seconds} s by uv; MWAA allows "
        f"about {MOST_MINUTES} minutes)"
    )


def check(package: Package) -> None:
    """Verify the package, and print what that took.

    Raises:
        SetupError: there is nothing to verify it with.
        PackageError: it does not hold.
    """
    requirements = (package.folder / "requirements.txt").read_text(encoding="utf-8")
    check_agreement(requirements)
    with timed("environment"), exclusive(LOCAL / "setup.lock"):
        environment = prepare(CHECK / "venv", Recipe(requirements=requirements))
    describe_environment(environment)
    with timed("parsing as MWAA does"):
        verified = verify(package.folder, REPOSITORY, environment.python, CHECK / "layout")
    report(
        f"{len(verified.dag_ids)} DAGs ({', '.join(verified.dag_ids)}), {verified.modules} modules "
        f"and {len(verified.plugins)} plugins ({', '.join(verified.plugins)}), all from the "
        f"package; {verified.answers} addresses of pages answer, and none to strangers"
    )


def main() -> None:
    """Build and verify; ends with 1 and the reason if either fails."""
    LOCAL.mkdir(exist_ok=True)
    built = False
    try:
        with exclusive(LOCAL / "package.lock"):
            with timed("building"):
                package = build(REPOSITORY, PACKAGE)
            built = True
            describe(package)
            check(package)
    except (PackageError, SetupError) as error:
        state = f"built in {PACKAGE}, but not verified" if built else "not built"
        sys.exit(f"package: {state}: {error}")
    report(f"package: built and verified in {PACKAGE}")


if __name__ == "__main__":
    main()
