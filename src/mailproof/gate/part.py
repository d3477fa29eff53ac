"""What the parts of the document of a run are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict, Field


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a time with its offset from UTC is expected")
    return text


Moment = Annotated[str, AfterValidator(_moment), Field(json_schema_extra={"format": "date-time"})]
Number = Annotated[int, Field(strict=True)]
Count = Annotated[int, Field(ge=0, strict=True)]


class Part:
    """Base: a part of the document. The strings below its fields are their descriptions in the JSON Schema.

    Only who writes the schema sets ``use_attribute_docstrings``: for a run, reading all the sources takes too long.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict()


@dataclass(frozen=True, slots=True)
class Pair(Part):
    """A control on a target."""

    control: str
    target: str
