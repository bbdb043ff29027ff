"""Elements of SVG whose texts and attributes are never markup."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

# XML has no place for these, not even escaped: https://www.w3.org/TR/xml/#charsets
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Svg:
    """An element, to which others are added.

    Arguments:
        name: of the element.
        traits: its attributes; kind is its class.
    """

    def __init__(self, name: str, **traits: float | str) -> None:
        names = {key: "class" if key == "kind" else key for key in traits}
        given = {names[key]: _plain(value) for key, value in traits.items()}
        self._element = ET.Element(name, given)

    def add(self, name: str, text: str = "", **traits: float | str) -> Svg:
        """Add an element with a text; returns it."""
        child = Svg(name, **traits)
        child._element.text = _NOT_IN_XML.sub("\ufffd", text)
        self._element.append(child._element)
        return child

    def __str__(self) -> str:
        return ET.tostring(self._element, encoding="unicode")


def _plain(value: float | str) -> str:
    return _NOT_IN_XML.sub("\ufffd", value) if isinstance(value, str) else f"{value:.2f}"
