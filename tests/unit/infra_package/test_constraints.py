"""Requirements agree with the constraints of MWAA's Airflow, which are kept with the project."""

from __future__ import annotations

import re

import pytest

from infra.package.constraints import (
    CONSTRAINTS,
    PYTHON,
    check_agreement,
    constraint_url,
    read_pins,
    vendored_url,
    without_option,
)
from infra.package.environment import IMAGE
from infra.package.errors import PackageError
from tests.unit.infra_package.checkouts import REPOSITORY

REQUIREMENTS = (REPOSITORY / "requirements.txt").read_text()
OPTION = f'--constraint "{vendored_url()}"\n'


def test_requirements_name_the_constraints_that_are_kept_here() -> None:
    assert constraint_url(REQUIREMENTS) == vendored_url()
    assert f"constraints-{PYTHON}.txt" in vendored_url()


def test_requirements_of_the_project_agree_with_the_constraints() -> None:
    check_agreement(REQUIREMENTS)


def test_constraints_kept_here_are_those_of_the_airflow_that_is_required() -> None:
    airflow = read_pins(REQUIREMENTS)["apache-airflow"]
    assert f"/constraints-{airflow}/" in vendored_url()
    assert f"apache-airflow[celery,statsd]=={airflow}" in IMAGE.read_text()
    given = read_pins(CONSTRAINTS.read_text())
    assert given["apache-airflow-providers-amazon"] == "9.25.0"
    assert len(given) > 600


def test_every_package_of_the_image_is_one_that_airflow_knows_or_mwaa_adds() -> None:
    names = re.findall(r"^([a-z][\w-]+)", IMAGE.read_text(), re.MULTILINE)
    given = read_pins(CONSTRAINTS.read_text())
    without = {name for name in names if name not in given}
    assert without == {"apache-airflow", "apache-airflow-core", "fluent-logger"}


@pytest.mark.parametrize(
    "line",
    [
        "apache-airflow-providers-amazon==9.24.0",
        "Apache.Airflow_Providers-Amazon==9.24.0  # with another spelling",
        'requests[socks]==2.33.0; python_version >= "3.12"',
    ],
)
def test_version_that_the_constraints_contradict_is_refused(line: str) -> None:
    with pytest.raises(PackageError, match=r"contradicts .*(9\.24\.0|2\.33\.0) \(the constraints"):
        check_agreement(f"{OPTION}{line}\n")


@pytest.mark.parametrize("line", ["requests", "requests>=2", "requests==2.*,<3", "-e ."])
def test_requirement_without_one_exact_version_is_refused(line: str) -> None:
    with pytest.raises(PackageError, match="not one exact version"):
        check_agreement(f"{OPTION}{line}\n")


def test_package_that_the_constraints_do_not_know_is_taken_as_it_is() -> None:
    check_agreement(f"{OPTION}duckdb==2.0.0\n")


@pytest.mark.parametrize("head", ["", "# --constraint is missing\n", "requests==2.33.1\n"])
def test_requirements_that_leave_the_constraints_to_mwaa_are_refused(head: str) -> None:
    with pytest.raises(PackageError, match="does not begin with its --constraint"):
        check_agreement(f"{head}duckdb==2.0.0\n")


def test_other_constraints_than_those_kept_here_are_refused() -> None:
    other = OPTION.replace("3.2.1", "3.2.0")
    with pytest.raises(PackageError, match=r"names https://.*3\.2\.0.*checked are"):
        check_agreement(f"{other}duckdb==2.0.0\n")


def test_requirements_without_their_option_are_the_same_packages() -> None:
    given = without_option(REQUIREMENTS)
    assert "--constraint" not in given
    assert read_pins(given) == read_pins(REQUIREMENTS)
