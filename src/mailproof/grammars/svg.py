"""Images of the profile SVG Tiny Portable/Secure (draft-svg-tiny-ps-abrotman), taken apart.

The reader follows no reference, knows no entity but the five of XML, and stops at bounds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from mailproof.net.packing import gunzipped

SVG = "http://www.w3.org/2000/svg"
XHTML = "http://www.w3.org/1999/xhtml"
XML_BASE = "http://www.w3.org/XML/1998/namespace base"
MAX_ELEMENTS = 20_000
MAX_DEPTH = 100
MAX_TEXT = 1000
"""Characters of a title, or of an attribute, that are kept."""

FORBIDDEN = (
    *("script", "handler", "listener", "a", "image", "foreignObject", "audio", "video", "animation", "prefetch"),
    *("animate", "animateColor", "animateMotion", "animateTransform", "mpath", "set", "discard"),
)
"""Elements for scripts, links, animation, media and other documents, which the profile leaves out."""

TINY = frozenset(
    {
        *("circle", "defs", "desc", "ellipse", "font", "font-face", "font-face-src", "font-face-uri", "g", "glyph"),
        *("hkern", "line", "linearGradient", "metadata", "missing-glyph", "path", "polygon", "polyline"),
        *("radialGradient", "rect", "solidColor", "stop", "svg", "switch", "tbreak", "text", "textArea", "title"),
        *("tspan", "use"),
    }
)
"""The elements of SVG Tiny 1.2 that are not among the forbidden ones: others of SVG, like style, clipPath, mask and
filter, are not in it, nor in a profile of it.
"""

_LARGE = 1e9
"""No view box is larger."""
_REFERENCE = re.compile(r"url\(\s*+['\"]?+\s*+(?!#)([^)'\"]{1,100})", re.IGNORECASE)


@dataclass(frozen=True)
class SVGFacts:
    """What an image says of itself, as far as the profile asks for it."""

    octets: int
    """Without compression."""
    compressed: bool = False
    fault: str = ""
    """Why it cannot be read; empty where it can."""
    root: str = ""
    """The outermost element, ``svg`` for one in SVG's namespace."""
    attributes: tuple[tuple[str, str], ...] = ()
    """Of the root, without namespaces."""
    title: str | None = None
    """The text of the title right below the root; None where there is none."""
    doctype: bool = False
    forbidden: tuple[str, ...] = ()
    """Elements and attributes that the profile leaves out."""
    external: tuple[str, ...] = ()
    """What lies outside of the document and is referred to."""

    def get(self, name: str) -> str | None:
        """An attribute of the root."""
        return dict(self.attributes).get(name)

    @property
    def aspect(self) -> float | None:
        """Width by height, by the view box; None where there is none."""
        numbers = re.split(r"[\s,]+", (self.get("viewBox") or "").strip())
        try:
            width, height = map(float, numbers[2:])
        except ValueError:
            return None
        return width / height if 0 < height < _LARGE and 0 < width < _LARGE else None


def read_svg(data: bytes, most: int) -> SVGFacts:
    """Take an image apart. Never raises: what is wrong is in ``fault``."""
    try:
        document, compressed = gunzipped(data, most)
    except ValueError as error:
        return SVGFacts(len(data), data[:2] == b"\x1f\x8b", str(error))
    reader = _Reader()
    fault = ""
    try:
        reader.read(document)
    except _TooMuch as error:
        fault = str(error)
    except (expat.ExpatError, ValueError, LookupError) as error:
        fault = f"it is no well-formed XML: {error}"
    return SVGFacts(
        len(document),
        compressed,
        fault,
        reader.root,
        tuple(reader.attributes.items()),
        None if reader.title is None else "".join(reader.title)[:MAX_TEXT].strip(),
        reader.doctype,
        tuple(dict.fromkeys(reader.forbidden))[:20],
        tuple(dict.fromkeys(reader.external))[:20],
    )


class _TooMuch(Exception):
    """The document goes beyond what is read, or declares what is not."""


@dataclass
class _Reader:
    root: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    title: list[str] | None = None
    doctype: bool = False
    forbidden: list[str] = field(default_factory=list)
    external: list[str] = field(default_factory=list)
    _depth: int = 0
    _elements: int = 0
    _in_title: bool = False

    def read(self, document: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._entity
        parser.ProcessingInstructionHandler = self._instruction
        parser.Parse(document, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise _TooMuch(f"it has more than {MAX_ELEMENTS} elements, or {MAX_DEPTH} within each other")
        space, _, local = name.rpartition(" ")
        if self._depth == 1:
            self.root = local if space == SVG else name
            self.attributes = {key: value[:MAX_TEXT] for key, value in attributes.items() if " " not in key}
        if self._depth == 2 and space == SVG and local == "title" and self.title is None:
            self.title, self._in_title = [], True
        if local in FORBIDDEN or space == XHTML or (space == SVG and local not in TINY):
            self.forbidden.append(f"<{local[:50]}>")
        for key, value in attributes.items():
            self._attribute(key.rpartition(" ")[2], value)
            if key == XML_BASE:
                self.external.append(value.strip()[:100])

    def _attribute(self, name: str, value: str) -> None:
        if name.lower().startswith("on") and len(name) > 2:
            self.forbidden.append(f"the attribute {name}")
        if name == "href" and not value.strip().startswith("#"):
            self.external.append(value.strip()[:100])
        self.external += (found[1] for found in _REFERENCE.finditer(value))

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._in_title = self._in_title and self._depth >= 2

    def _text(self, text: str) -> None:
        if self._in_title and self.title is not None:
            self.title.append(text)
        else:
            self.external += (found[1] for found in _REFERENCE.finditer(text))

    def _doctype(self, name: str, system: str | None, public: str | None, has_subset: int) -> None:
        self.doctype = True

    def _entity(self, name: str, *rest: object) -> None:
        raise _TooMuch(f"it declares the entity {name[:50]!r}; none is read")

    def _instruction(self, target: str, data: str) -> None:
        if target == "xml-stylesheet":
            self.external.append(f"<?{target}>")
