"""The command line as data: every command with its options, and what their values may be."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailproof import __version__
from mailproof.controls import load_catalogue
from mailproof.fixtures.world import shipped_worlds
from mailproof.gate.profile import shipped_names

CONTROLS, PROFILES, WORLDS = "controls", "profiles", "worlds"

_LISTS = {
    "control": CONTROLS,
    "ids": CONTROLS,
    "finding": CONTROLS,
    "accept_lost": CONTROLS,
    "profile": PROFILES,
    "names": PROFILES,
    "world": WORLDS,
}
"""Arguments whose values stand in a list, by their ``dest``."""

_PATHS = ("FILE", "PATH", "INVENTORY", "RESULT", "OUT", "SEAL")


@dataclass(frozen=True)
class Values:
    """What may be given to an argument: words, those of a list, names of files. None of it: anything."""

    words: tuple[str, ...] = ()
    list: str = ""
    paths: str = ""
    """``files``, ``directories``, or empty."""


@dataclass(frozen=True)
class Argument:
    """An option, or a word that stands for itself: that has no names."""

    names: tuple[str, ...]
    help: str
    """As far as its first pause."""
    text: str
    """All of the help."""
    metavar: str
    values: Values | None
    """None for an option that takes no value."""
    repeatable: bool


@dataclass(frozen=True)
class Command:
    """A command, and those below it."""

    path: tuple[str, ...]
    help: str
    description: str
    arguments: tuple[Argument, ...]
    commands: tuple[Command, ...]

    @property
    def name(self) -> str:
        """As it is typed behind ``mailproof``."""
        return " ".join(self.path)

    @property
    def options(self) -> tuple[Argument, ...]:
        """Its options."""
        return tuple(argument for argument in self.arguments if argument.names)

    @property
    def positionals(self) -> tuple[Argument, ...]:
        """Its other arguments, in their order."""
        return tuple(argument for argument in self.arguments if not argument.names)

    def all(self) -> Iterator[Command]:
        """The command and all below it."""
        yield self
        for command in self.commands:
            yield from command.all()


@dataclass(frozen=True)
class CommandLine:
    """All that can be typed."""

    version: str
    root: Command
    lists: Mapping[str, tuple[str, ...]]


def described(parser: argparse.ArgumentParser) -> CommandLine:
    """What a parser takes, with what stands in the lists. Raises BrokenExtension."""
    lists = {
        CONTROLS: tuple(sorted(control.id for control in load_catalogue())),
        PROFILES: tuple(shipped_names()),
        WORLDS: tuple(shipped_worlds()),
    }
    return CommandLine(__version__, _command(parser, (), ""), lists)


def _command(parser: argparse.ArgumentParser, path: tuple[str, ...], help: str) -> Command:
    arguments, commands = [], []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, below in action.choices.items():
                commands.append(_command(below, (*path, name), helps.get(name, "")))
        else:
            arguments.append(_argument(action))
    return Command(path, help, parser.description or "", tuple(arguments), tuple(commands))


def _argument(action: argparse.Action) -> Argument:
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    text = (action.help or "") % vars(action)
    return Argument(
        names=tuple(action.option_strings),
        help=_brief(text),
        text=text,
        metavar=metavar,
        values=None if action.nargs == 0 else _values(action, metavar),
        repeatable=isinstance(action, argparse._AppendAction) or action.nargs in ("*", "+"),
    )


def _brief(help: str) -> str:
    """What fits beside a word that is offered: the help as far as its first pause."""
    return textwrap.shorten(re.split(r"; |: | \(", help)[0], 70, placeholder=" ...")


def _values(action: argparse.Action, metavar: str) -> Values:
    if action.choices is not None:
        return Values(words=tuple(str(choice).replace(" ", "-") for choice in action.choices))
    paths = ""
    if "DIR" in metavar:
        paths = "directories"
    elif action.type is Path or any(word in metavar for word in _PATHS):
        paths = "files"
    return Values(list=_LISTS.get(action.dest, ""), paths=paths)
