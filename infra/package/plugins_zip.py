"""What Amazon MWAA can do with a plugins.zip.

https://docs.aws.amazon.com/mwaa/latest/userguide/configuring-dag-import-plugins.html
"""

from __future__ import annotations

import stat
import zipfile
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Final

from infra.package.errors import PackageError

# MWAA recommends less. It sets no limit, but gives up a start that takes ten minutes.
MOST_BYTES: Final = 1_000_000_000
_ENCRYPTED: Final = 0x1  # a bit of an entry's flags


def unpack_plugins(archive: Path, folder: Path) -> None:
    """Unpack a plugins.zip as MWAA does; folder is /usr/local/airflow/plugins there.

    Raises:
        PackageError: says all that MWAA would unpack to another place, or not at all.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            wrong = _faults(archive, opened)
            if wrong:
                raise PackageError("plugins.zip: " + "; ".join(wrong))
            opened.extractall(folder)
    except zipfile.BadZipFile as error:
        raise PackageError(f"plugins.zip is no archive: {error}") from None


def _faults(archive: Path, opened: zipfile.ZipFile) -> list[str]:
    entries = opened.infolist()
    size = max(archive.stat().st_size, sum(entry.file_size for entry in entries))
    faults = [f"{size} bytes, {MOST_BYTES} at most"] if size > MOST_BYTES else []
    faults += [f"{entry.filename!r} {fault}" for entry in entries if (fault := _fault_of(entry))]
    names = Counter(entry.filename for entry in entries)
    faults += [f"{name!r} is in it {count} times" for name, count in names.items() if count > 1]
    if not faults and (damaged := opened.testzip()):
        faults.append(f"damaged at {damaged!r}")
    return faults


def _fault_of(entry: zipfile.ZipInfo) -> str:
    # The name as the archive has it: zipfile turns the separators of Windows around.
    name = entry.orig_filename
    path = PurePosixPath(name)
    if path.is_absolute() or "\\" in name or ":" in name:
        return "is no relative path"
    if ".." in path.parts:
        return "leads out of the folder"
    if path.parts[0] == "plugins":
        return "would be unpacked to plugins/plugins"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a symbolic link"
    return ""
