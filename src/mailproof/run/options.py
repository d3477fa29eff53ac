"""The command line of a run, read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from mailproof.controls import Level
from mailproof.languages import ENGLISH
from mailproof.report.formats import FILE_OPTIONS
from mailproof.targets.shards import Shard


@dataclass(frozen=True)
class Options:
    """What the command line asks for. File names are absolute, or relative to where pytest was started."""

    directory: Path
    """Where pytest was started."""
    inventory: Path
    controls: tuple[str, ...]
    """Patterns of control ids; empty: all."""
    targets: tuple[str, ...]
    """Patterns of target ids; empty: all."""
    paths: tuple[str, ...]
    """Test files and directories that were named; empty: the bundled suite and the rules of the inventory."""
    narrowing: tuple[str, ...]
    """Everything on the command line that selects a part of the suite, as it was written."""
    profile: str | None
    fail_on: Level | None
    waivers: tuple[Path, ...]
    strict_waivers: bool
    baseline: Path | None
    accept_lost: tuple[str, ...]
    """Patterns of control or target ids whose loss under a proposal is meant."""
    inconclusive: Literal["fail", "warn"]
    zones: tuple[str, ...]
    delegations: tuple[str, ...]
    connections: tuple[str, ...]
    compare_live: bool
    record: Path | None
    replay: Path | None
    report_dir: Path
    formats: Mapping[str, Path]
    """Files for further formats, by format."""
    language: str
    """What people read is written in, by its code."""
    history: Path | None
    shard: Shard | None
    """The shard of the inventory's domains that is judged."""
    stop_file: Path | None
    """Ends the survey when it appears."""
    log: Path | None
    """The log of pytest-html."""
    gathered: Path | None
    """The index of the zones that another process of the run has read from their sources."""
    survey_only: Path | None
    """Where a process that only surveys for others writes its record."""
    collect_only: bool
    command: tuple[str, ...]
    """The arguments of pytest as they were given."""

    @classmethod
    def read(cls, config: pytest.Config) -> Options:
        """Read the options of a run with an inventory. Raises UsageError for those that exclude each other."""
        directory = Path(config.invocation_params.dir)

        def path(name: str) -> Path | None:
            value = config.getoption(name, None)
            return directory / Path(value).expanduser() if value else None

        inventories = config.getoption("inventory")
        if len(set(inventories)) > 1:
            raise pytest.UsageError(
                f"--inventory is given {len(inventories)} times; one file can unite them: include: "
                f"[{', '.join(inventories)}]"
            )
        named = config.args_source is pytest.Config.ArgsSource.ARGS and config.args not in ([], ["."], ["./"])
        paths = tuple(config.args) if named else ()
        fail_on = config.getoption("fail_on")
        found = cls(
            directory=directory,
            inventory=directory / Path(inventories[0]).expanduser(),
            controls=tuple(config.getoption("control")),
            targets=tuple(config.getoption("target")),
            paths=paths,
            narrowing=(*_narrowing(config), *paths),
            profile=config.getoption("profile"),
            fail_on=Level(fail_on) if fail_on else None,
            waivers=tuple(directory / Path(file).expanduser() for file in config.getoption("waivers")),
            strict_waivers=config.getoption("strict_waivers"),
            baseline=path("baseline"),
            accept_lost=tuple(config.getoption("accept_lost")),
            inconclusive=config.getoption("inconclusive"),
            zones=tuple(config.getoption("zone")),
            delegations=tuple(config.getoption("delegation")),
            connections=tuple(config.getoption("connect")),
            compare_live=config.getoption("compare_live"),
            record=path("record"),
            replay=path("replay"),
            report_dir=directory / Path(config.getoption("report_dir")).expanduser(),
            formats={name: file for name in FILE_OPTIONS if (file := path(name)) is not None},
            language=config.getoption("language") or ENGLISH,
            history=path("history"),
            shard=_shard(config),
            stop_file=path("stop_file"),
            log=path("htmlpath"),
            gathered=path("gathered"),
            survey_only=path("survey_only"),
            collect_only=bool(config.option.collectonly),
            command=tuple(map(str, config.invocation_params.args)),
        )
        found._check_each_other(is_worker=hasattr(config, "workerinput"))
        return found

    def _check_each_other(self, *, is_worker: bool) -> None:
        if self.record and self.replay:
            raise pytest.UsageError("--record and --replay exclude each other: a replay contacts nobody")
        if self.accept_lost and not self.compare_live:
            raise pytest.UsageError("--accept-lost needs --compare-live: only a proposal can lose what is live")
        if self.compare_live:
            if not (self.zones or self.delegations or self.connections):
                raise pytest.UsageError("--compare-live needs a proposal: --zone, --delegation or --connect")
            if self.replay or (self.baseline and not is_worker):
                raise pytest.UsageError("--compare-live judges what is live: it excludes --replay and --baseline")

        if self.shard and (self.record or self.replay or self.compare_live):
            raise pytest.UsageError(
                "--shard judges what the shard's own survey sees: it excludes --record, --replay and --compare-live"
            )

    @property
    def reports(self) -> bool:
        """Whether the run judges, and so has anything to report."""
        return self.survey_only is None and not self.collect_only

    def report_file(self, name: str, suffix: str) -> Path:
        """Where the report of an inventory called ``name`` goes."""
        return self.report_dir / f"{name}.{suffix}"

    @property
    def rule_files(self) -> tuple[Path, ...]:
        """Files among the test files named, which may hold house rules."""
        files = dict.fromkeys(self.directory / path.partition("::")[0] for path in self.paths)
        return tuple(file for file in files if file.suffix == ".py" and file.is_file())

    @property
    def file_names(self) -> Iterator[tuple[str, Path]]:
        """Pairs of option and file for everything that the run was asked to write."""
        for name, file in self.formats.items():
            yield f"--{name}", file
        for option, chosen in (("--record", self.record), ("--history", self.history), ("--html", self.log)):
            if chosen is not None:
                yield option, chosen


def _shard(config: pytest.Config) -> Shard | None:
    value = config.getoption("shard")
    if not value:
        return None
    if getattr(config.option, "numprocesses", None):
        raise pytest.UsageError("--shard and -n exclude each other: give each process a shard of its own")
    try:
        return Shard.parse(value)
    except ValueError as error:
        raise pytest.UsageError(f"--shard: {error}") from None


def _narrowing(config: pytest.Config) -> Iterator[str]:
    """What selects a part of the suite."""
    option = config.option
    if getattr(option, "shard", None):
        yield f"--shard {option.shard}"
    for name, flag in (("control", "--control"), ("target", "--target"), ("deselect", "--deselect")):
        for value in getattr(option, name, None) or ():
            yield f"{flag} {value}"
    for name, flag in (("keyword", "-k"), ("markexpr", "-m")):
        if value := getattr(option, name, ""):
            yield f"{flag} {value!r}" if " " in value else f"{flag} {value}"
    for name, flag in (("lf", "--lf"), ("newfirst", "--nf"), ("stepwise", "--stepwise")):
        if name != "newfirst" and getattr(option, name, False):
            yield flag
