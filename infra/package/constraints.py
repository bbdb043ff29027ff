"""Whether requirements.txt agrees with the constraints of MWAA's Airflow, before any is installed.

The constraints are Airflow's own, for the version and the Python of the image. They are kept here
byte for byte, so that building and verifying reach no server but the package index.
"""

from __future__ import annotations

import re
from pathlib import Path

from infra.package.errors import PackageError

CONSTRAINTS = Path(__file__).with_name("constraints-3.2.1-python3.12.txt")
PYTHON = "3.12"
_PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([A-Za-z0-9.!+_-]+)(?:\s*;.*)?")
_OPTION = re.compile(r'(?:--constraint[ =]|-c )\s*"?([^"\s]+)"?')


def canonical(name: str) -> str:
    """A distribution's name as an index writes it.

    https://packaging.python.org/en/latest/specifications/name-normalization/
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(text: str) -> dict[str, str]:
    """The versions that a requirements file fixes, by canonical name.

    Raises:
        PackageError: a line is neither the one that names constraints nor one exact version.
    """
    pins = {}
    for line in _lines(text):
        if _OPTION.fullmatch(line):
            continue
        found = _PIN.fullmatch(line)
        if not found:
            raise PackageError(f"not one exact version of a package: {line}")
        pins[canonical(found[1])] = found[2]
    return pins


def constraint_url(requirements: str) -> str:
    """Where a requirements file takes its constraints from.

    Raises:
        PackageError: its first line does not say, and MWAA would then choose.
    """
    found = _OPTION.fullmatch(next(iter(_lines(requirements)), ""))
    if not found:
        raise PackageError("requirements.txt does not begin with its --constraint line")
    return found[1]


def vendored_url() -> str:
    """Where the constraints that are kept here were copied from, as their header says.

    Raises:
        PackageError: the header does not say.
    """
    found = re.search(r"^# (https://\S+)$", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise PackageError(f"{CONSTRAINTS.name} does not say where it is from")
    return found[1]


def check_agreement(requirements: str) -> None:
    """Refuse requirements that MWAA would install otherwise than they say, or not at all.

    Raises:
        PackageError: they name other constraints, or another version than the constraints do.
    """
    url = constraint_url(requirements)
    if url != vendored_url():
        raise PackageError(f"requirements.txt names {url}; checked are those of {vendored_url()}")
    given = read_pins(CONSTRAINTS.read_text(encoding="utf-8"))
    wrong = [
        f"{name}=={version} (the constraints say {given[name]})"
        for name, version in read_pins(requirements).items()
        if given.get(name, version) != version
    ]
    if wrong:
        raise PackageError(f"requirements.txt contradicts the constraints: {', '.join(wrong)}")


def without_option(requirements: str) -> str:
    """The requirements alone, to be installed under constraints that are named elsewhere."""
    return "\n".join(line for line in _lines(requirements) if not _OPTION.fullmatch(line))


def _lines(text: str) -> list[str]:
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line]
