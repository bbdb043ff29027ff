"""Modules become one script, and what cannot be packed is an error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sluice_page.packing import Pack, UnpackableError, packed

STATIC = Path(__file__).parents[3] / "plugins" / "sluice_page" / "static"


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)
    (folder / "page.css").write_text("a { }")
    (folder / "more.css").write_text("b { }")
    return folder


def pack(folder: Path) -> Pack:
    return packed(folder, module="main", sheets=("page", "more"))


def script(folder: Path) -> str:
    return pack(folder).files["main.js"].decode()


def test_each_module_is_there_once_after_what_it_imports_and_gives_what_it_exports(
    tmp_path: Path,
) -> None:
    folder = write(
        tmp_path,
        main='import * as low from "./low.js";\nimport { a, b } from "./high.js";\nlow.start(a);',
        high='import { start } from "./low.js";\nexport const a = 1;\nexport class b {}\n',
        low="// Words.\nexport async function start() {\n}\nfunction own() {}",
    )
    assert script(folder).splitlines() == [
        "const $low = (() => {",
        "// Words.",
        "async function start() {",
        "}",
        "function own() {}",
        "return { start };",
        "})();",
        "const $high = (() => {",
        "const { start } = $low;",
        "const a = 1;",
        "class b {}",
        "return { a, b };",
        "})();",
        "const $main = (() => {",
        "const low = $low;",
        "const { a, b } = $high;",
        "low.start(a);",
        "return {  };",
        "})();",
    ]


@pytest.mark.parametrize(
    "line",
    [
        'import low from "./low.js";',
        'import "./low.js";',
        'import { a as b } from "./low.js";',
        'import { a } from "https://example.com/low.js";',
        'import { a } from "../low.js";',
        "import {",
        "export default 1;",
        "export let a = 1;",
        "export { a };",
        'export * from "./low.js";',
    ],
)
def test_form_that_is_not_known_is_an_error_that_shows_it(tmp_path: Path, line: str) -> None:
    folder = write(tmp_path, main=line, low="export const a = 1;")
    with pytest.raises(UnpackableError, match=re.escape(line)):
        script(folder)


def test_modules_that_import_each_other_are_named(tmp_path: Path) -> None:
    ring = {"main": "one", "one": "other", "other": "one"}
    folder = write(
        tmp_path, **{name: f'import {{ a }} from "./{to}.js";' for name, to in ring.items()}
    )
    with pytest.raises(UnpackableError, match="main > one > other > one"):
        script(folder)


def test_sheets_stand_in_their_order(tmp_path: Path) -> None:
    assert pack(write(tmp_path, main="")).files["page.css"] == b"a { }\nb { }"


def test_any_change_gives_another_tag(tmp_path: Path) -> None:
    folder = write(tmp_path, main="")
    tags = [pack(folder).tag]
    (folder / "more.css").write_text("b { c }")
    tags.append(pack(folder).tag)
    (folder / "main.js").write_text("1;")
    tags.append(pack(folder).tag)
    assert len(set(tags)) == len(tags)


def test_page_has_all_its_modules_in_the_script() -> None:
    files = packed(STATIC, module="main", sheets=("page", "charts")).files
    blocks = re.findall(r"^const \$(\w+) = \(\(\) => \{$", files["main.js"].decode(), re.MULTILINE)
    assert sorted(blocks) == sorted(path.stem for path in STATIC.glob("*.js"))
