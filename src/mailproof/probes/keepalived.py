"""Reads the configuration of keepalived: files in the places where others include them, definitions put in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mailproof.grammars.keepalived import TooManyDefinitions, readings
from mailproof.grammars.settings import Setting
from mailproof.net.errors import NotAvailable
from mailproof.net.network import Network
from mailproof.places import Place
from mailproof.probes.configuration import holders_of, texts_of
from mailproof.probes.joined import Joined, joined
from mailproof.targets.files import Configuration


@dataclass(frozen=True)
class SettingAt:
    """A statement, and where it stands."""

    name: str
    value: str
    place: Place


@dataclass(frozen=True)
class Reading:
    """The statements of a host as keepalived may read them."""

    settings: tuple[SettingAt, ...]
    unread: tuple[str, ...]
    """What the files include, and what is not read."""


async def readings_of(configuration: Configuration, net: Network) -> list[Reading]:
    """One, unless conditional lines are for ids none of which is the name of the host: then one for each id.

    Raises NotAvailable for more definitions than are looked at.
    """
    texts = await texts_of(holders_of(configuration), net)
    files = joined("keepalived", texts)
    try:
        found = await asyncio.to_thread(readings, {name: one.text for name, one in files.items()}, configuration.host)
    except TooManyDefinitions:
        raise NotAvailable(f"{configuration.id} has more definitions than are looked at") from None
    return [_reading(one, files) for one in found]


def _reading(reading: Mapping[str, list[Setting]], files: Mapping[str, Joined]) -> Reading:
    settings = tuple(
        SettingAt(one.name, one.value, files[name].place(one.line)) for name, own in reading.items() for one in own
    )
    # What is read stands in the place of its include.
    return Reading(settings, tuple(included(one) for one in settings if is_include(one)))


def is_include(setting: SettingAt) -> bool:
    """Whether it is an include of what is not read."""
    return _INCLUDE.fullmatch(setting.name.rpartition("/")[2]) is not None


def included(setting: SettingAt) -> str:
    """The files that such an include names."""
    return setting.value.strip("\"' ")


def may_hold_more(setting: SettingAt) -> bool:
    """Whether other statements may stand where this one does: it is such an include, or a definition that is not
    known.
    """
    return is_include(setting) or setting.name.rpartition("/")[2].startswith("$")


_INCLUDE = re.compile("include[rmwba]?")
