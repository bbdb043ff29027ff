"""Sets up the Python environments under .local/ with nothing but a standard library.

    python3 -m infra.common.bootstrap airflow emulator cdk cdk-cli

Every environment is what its lock file says, and is touched only when the lock or the
interpreter has changed. No Python is ever downloaded; packages come through uv, which itself
comes from PyPI at a fixed version. The cdk command comes through the npm of the environment cdk.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from infra.common.errors import SetupError
from infra.common.locks import exclusive
from infra.common.paths import LOCAL, REPOSITORY

# Any `python3` runs this, so an old one has to get this far.
if sys.version_info < (3, 10):  # noqa: UP036 -- an old Python needs the message
    sys.exit("setup: python3 is {}.{}; Sluice needs 3.10 or newer".format(*sys.version_info))

UV_VERSION = "0.13.8"
PREFERRED = ("3.12", "3.13", "3.11", "3.10")  # MWAA's own first

LOCKS = {
    "airflow": REPOSITORY / "infra/local/requirements-airflow.lock",
    "emulator": REPOSITORY / "infra/local/requirements-emulator.lock",
    "cdk": REPOSITORY / "infra/aws/requirements.lock",
    # What the benchmarks measure beside Sluice.
    "peers": REPOSITORY / "tests/bench/requirements-peers.lock",
}
CDK_CLI = REPOSITORY / "infra/aws/cdk-cli"
AWS_COMMAND = """#!/bin/sh
# For sqs and a few more this version asks the real AWS in spite of AWS_ENDPOINT_URL, unless the
# option says it too: https://github.com/aws/aws-cli/issues/8737
exec {program} ${{AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"}} "$@"
"""


def say(text: str) -> None:
    print(f"setup: {text}", file=sys.stderr, flush=True)


def runs(command: str, version: str) -> bool:
    """Check whether a command is that Python, by running it: a pyenv shim may exist and fail."""
    # Debian has Pythons without venv and ensurepip.
    probe = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [command, "-c", probe], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and answer.stdout.strip() == version


def candidates(version: str) -> list[str]:
    """Name the places where a Python of that version may be, the likeliest first."""
    found = [path for path in [shutil.which(f"python{version}")] if path]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found += sorted((str(p) for p in pyenv.glob(f"{version}*/bin/python{version}")), reverse=True)
    if version == "{}.{}".format(*sys.version_info[:2]):
        found.append(sys.executable)
    return found


def preferred() -> tuple[str, ...]:
    """The Pythons to build on, the best first; SLUICE_PYTHON=3.10 has that one and no other."""
    chosen = os.environ.get("SLUICE_PYTHON")
    return (chosen,) if chosen else PREFERRED


def best_interpreter(versions: tuple[str, ...] | None = None) -> str:
    """Find the Python to build on: the first of versions, or of the preferred, that really runs.

    Raises:
        SetupError: none does.
    """
    for version in versions or preferred():
        for command in candidates(version):
            if runs(command, version):
                return command
    raise SetupError(
        "found no Python 3.10 to 3.13 that runs and has venv and ensurepip. On Debian and "
        "Ubuntu: apt-get install python3-venv"
    )


def uv(interpreter: str) -> Path:
    """Make .local/uv with the pinned uv in it, unless it is there; returns the program."""
    home = LOCAL / "uv"
    program = home / "bin" / "uv"
    stamp = f"{UV_VERSION} {interpreter}"
    if program.exists() and read(home / "stamp") == stamp:
        return program
    say(f"installing uv {UV_VERSION} into .local/uv")
    run([interpreter, "-m", "venv", "--clear", str(home)])
    pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    run([*pip, "--quiet", f"uv=={UV_VERSION}"])
    (home / "stamp").write_text(stamp)
    return program


def environment(name: str) -> Path:
    """Bring one environment up to its lock file; returns its folder."""
    home = LOCAL / "venvs" / name
    lock = LOCKS[name].read_bytes()
    digest = hashlib.sha256(lock).hexdigest()
    recorded = read(home / "stamp").split(" ", 1)
    python = home / "bin" / "python"
    if recorded[0] == digest and recorded[1] in preferred() and runs(str(python), recorded[1]):
        return home
    interpreter = best_interpreter()
    version = next(v for v in preferred() if runs(interpreter, v))
    program = str(uv(interpreter))
    say(f"installing .local/venvs/{name} on Python {version} (the first time downloads packages)")
    if not runs(str(python), version):
        run([program, "venv", "--quiet", "--clear", "--python", interpreter, str(home)])
    # CDK has a module for each service of AWS; the few that are used are compiled as they are.
    compiled = [] if name == "cdk" else ["--compile-bytecode"]
    sync = ["--quiet", *compiled, "--python", str(python), str(LOCKS[name])]
    run([program, "pip", "sync", *sync])
    (home / "stamp").write_text(f"{digest} {version}")
    return home


def aws_command() -> None:
    """Make the `aws` of the emulator's environment a command of .local/bin, without its python."""
    command = LOCAL / "bin" / "aws"
    script = AWS_COMMAND.format(program=shlex.quote(str(LOCAL / "venvs/emulator/bin/aws")))
    if command.is_symlink() or read(command) != script:
        command.parent.mkdir(exist_ok=True)
        command.unlink(missing_ok=True)
        command.write_text(script)
        command.chmod(0o755)


def cdk_command() -> None:
    """Install the cdk command of the committed package-lock.json into .local/cdk-cli."""
    tools = environment("cdk") / "bin"
    home = LOCAL / "cdk-cli"
    lock = (CDK_CLI / "package-lock.json").read_bytes()
    stamp = hashlib.sha256(lock).hexdigest()
    if read(home / "stamp") == stamp:
        return
    say("installing the cdk command into .local/cdk-cli")
    home.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(CDK_CLI / name, home / name)
    quiet = ["--loglevel=error", "--no-audit", "--no-fund", "--ignore-scripts"]
    # npm's own first line asks for a node on the PATH.
    path = {"PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    run([str(tools / "npm"), "ci", "--prefix", str(home), *quiet], path)
    (home / "stamp").write_text(stamp)


def run(command: list[str], more: dict[str, str] | None = None) -> None:
    # A uv.toml of the user could name other indexes and Pythons.
    settings = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_CONFIG": "1", **(more or {})}
    done = subprocess.run(command, env={**os.environ, **settings}, check=False)
    if done.returncode:
        raise SetupError(f"{' '.join(command[:4])} … ended with {done.returncode}")


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def main(names: list[str]) -> None:
    LOCAL.mkdir(exist_ok=True)
    try:
        # Two commands at once would install into one folder.
        with exclusive(LOCAL / "setup.lock"):
            for name in names:
                cdk_command() if name == "cdk-cli" else environment(name)
            if "emulator" in names:
                aws_command()
    except SetupError as error:
        sys.exit(f"setup: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
