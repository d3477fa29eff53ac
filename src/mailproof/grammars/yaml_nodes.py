"""YAML as a tree of nodes that know their lines, within bounds. YAML 1.2: yes, no, on and off are text."""

from __future__ import annotations

import re
import warnings
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

MAX_NODES = 1_000_000
"""Values after aliases are expanded: a few hundred octets of nested aliases can stand for billions."""

MAX_DEPTH = 50
MAX_BRACKETS = 500
"""Brackets open at once, before the parser looks at them: its time grows with the square of their number."""


class NotYAML(ValueError):
    """A text is no YAML, or more of it than is read. ``line`` is where, if that is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def compose(text: str, *, quotes: bool = True) -> Node | None:
    """The node tree of a text; None for an empty one. Raises NotYAML.

    ``quotes``: whether the error may quote the text. It may not for configurations of programs: a password that begins
    with ``*`` or ``!`` would be told.
    """
    try:
        return _compose(text)
    except NotYAML as error:
        if quotes:
            raise
        raise NotYAML(_QUOTED.sub("...", str(error)), error.line) from None


_QUOTED = re.compile(r"['\"].*['\"]", re.DOTALL)
"""From the first to the last: what is quoted may hold quotes of its own."""


def _compose(text: str) -> Node | None:
    if _bracket_depth(text) > MAX_BRACKETS:
        raise NotYAML(f"nested deeper than {MAX_DEPTH} levels")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of anchors that are used again, which YAML 1.2 allows
            root = YAML(typ="safe", pure=True).compose(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(str(part) for part in (error.problem, error.context) if part)
        raise NotYAML(f"not valid YAML: {what}", mark.line + 1 if mark else None) from None
    except KeyError as error:  # a %YAML directive of a version that nobody has heard of
        raise NotYAML(f"not valid YAML: unknown version {error}") from None
    except (YAMLError, ValueError, AssertionError) as error:  # AssertionError: a %YAML directive of another version
        raise NotYAML(f"not valid YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise NotYAML(f"nested deeper than {MAX_DEPTH} levels") from None
    if root is not None:
        _check_size(root)
    return root  # type: ignore[no-any-return]


def line_of(node: Node) -> int:
    """The line that a node begins in, from 1."""
    return int(node.start_mark.line) + 1


def _bracket_depth(text: str) -> int:
    """How deep brackets and braces are nested, those in comments and quoted text included."""
    deepest = depth = 0
    for match in _BRACKETS.finditer(text):
        depth += 1 if match[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


_BRACKETS = re.compile(r"[\[{\]}]")


def _check_size(root: Node) -> None:
    """Raise NotYAML for an alias that contains itself and for aliases that expand to more than MAX_NODES values."""
    sizes: dict[int, int | None] = {}

    def size(node: Node) -> int:
        if isinstance(node, ScalarNode):
            return 1
        known = sizes.get(id(node), 0)
        if known is None:
            raise NotYAML("this value contains an alias of itself", line_of(node))
        if not known:
            sizes[id(node)] = None
            parts = [part for pair in node.value for part in pair] if isinstance(node, MappingNode) else node.value
            known = sizes[id(node)] = 1 + sum(size(part) for part in parts)
        return known

    try:
        number = size(root)
    except RecursionError:
        raise NotYAML(f"nested deeper than {MAX_DEPTH} levels") from None
    if number > MAX_NODES:
        raise NotYAML(f"more than {MAX_NODES} values once aliases are expanded", line_of(root))
