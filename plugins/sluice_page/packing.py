"""The page's modules as one script, its sheets as one sheet.

Each file that a browser asks for costs the server more than sending it does, since Airflow looks
after the viewer each time. So the browser asks for two. The modules stay as they are written, and
keep to the few forms of import and export that are known here.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_IMPORT = re.compile(
    r'import (?:\* as (?P<all>\w+)|\{ (?P<names>\w+(?:, \w+)*) \}) from "\./(?P<module>\w+)\.js";'
)
_EXPORT = re.compile(r"export (?P<rest>(?:const|class|(?:async )?function) (?P<name>\w+).*)")


class UnpackableError(ValueError):
    """A module has a form that is not known here, or needs itself; its words say which."""


@dataclass(frozen=True, kw_only=True)
class Pack:
    """What the browser loads.

    Attributes:
        files: by name.
        tag: of what they hold; another tag where anything differs.
    """

    files: dict[str, bytes]
    tag: str


def packed(folder: Path, *, module: str, sheets: tuple[str, ...]) -> Pack:
    """Pack what is in a folder.

    Arguments:
        folder: of the modules and sheets.
        module: the name of the one that imports all others; the script is named like it.
        sheets: in the order in which they count; the one sheet is named like the first.

    Raises:
        UnpackableError: a module cannot be packed.
        FileNotFoundError: a module or a sheet is not there.
    """
    blocks: dict[str, str] = {}
    _pack(folder, module, (), blocks)
    files = {
        f"{module}.js": "\n".join(blocks.values()).encode(),
        f"{sheets[0]}.css": b"\n".join((folder / f"{name}.css").read_bytes() for name in sheets),
    }
    return Pack(files=files, tag=hashlib.sha256(b"\0".join(files.values())).hexdigest()[:16])


def _pack(folder: Path, module: str, above: tuple[str, ...], blocks: dict[str, str]) -> None:
    """Add the block of a module to blocks, after those of all that it imports."""
    if module in above:
        raise UnpackableError(f"modules import each other: {' > '.join((*above, module))}")
    if module in blocks:
        return
    lines: list[str] = []
    exported: list[str] = []
    for line in (folder / f"{module}.js").read_text("utf-8").splitlines():
        if line.startswith("import "):
            wanted = _match(_IMPORT, line, module)
            _pack(folder, wanted["module"], (*above, module), blocks)
            names = wanted["all"] or f"{{ {wanted['names']} }}"
            lines.append(f"const {names} = ${wanted['module']};")
        elif line.startswith("export "):
            found = _match(_EXPORT, line, module)
            exported.append(found["name"])
            lines.append(found["rest"])
        else:
            lines.append(line)
    given = f"return {{ {', '.join(exported)} }};"
    blocks[module] = "\n".join((f"const ${module} = (() => {{", *lines, given, "})();"))


def _match(form: re.Pattern[str], line: str, module: str) -> re.Match[str]:
    found = form.fullmatch(line)
    if found is None:
        raise UnpackableError(f"{module}.js: a form that the packer does not know: {line}")
    return found
