"""Drills: what a service does while a part of it is down, on purpose and within a window."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mailproof.inventory.parts import Part
from mailproof.inventory.values import DomainName, Port, Seconds, unique, wrong


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            return moment
    raise wrong(f"{value!s:.40} is not a moment with its zone, like 2027-03-31T02:00Z or 2027-03-31T02:00+02:00")


Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=str)]


class Window(Part):
    """A time in which a part of the service may be down."""

    begins: Moment = Field(description="The first moment, like 2027-03-31T02:00Z.")
    ends: Moment = Field(description="The last one: what `down` took away is brought back then, whatever was seen.")

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if self.ends <= self.begins:
            raise wrong(f"the window ends at {self.ends.isoformat()}, when or before it begins")
        return self


class Drill(Part):
    """What all drills have in common."""

    drill: bool = Field(False, description="Consent to the drill, when `mailproof drill` is run within the window.")
    window: Window | None = Field(None, description="The maintenance window. Without one there is no drill.")
    down: list[str] = Field(
        default=[],
        description="Program and arguments that take the part down, run without a shell, like [ssh, mx1, systemctl, "
        "stop, postfix]. Without it you take it down when the drill says so.",
    )
    up: list[str] = Field(
        default=[], description="Program and arguments that bring the part back. Run whatever happens after `down`."
    )
    wait: Seconds = Field(
        900.0, description="How long it may take until the part is down, until it is back, and until mail arrives."
    )
    record: Path | None = Field(
        None, strict=False, description="What `mailproof drill` writes. Without it drilled/NAME.json, beside this file."
    )

    @model_validator(mode="after")
    def _is_undone(self) -> Self:
        if bool(self.down) != bool(self.up):
            raise wrong("down and up belong together: what is taken down is brought back")
        return self


class BackupDrill(Drill):
    """Every primary MX host of a domain is down, and its backups are watched."""

    domain: DomainName = Field(description="A domain of `domains` with a backup MX.")

    @property
    def key(self) -> str:
        return self.domain

    @property
    def record_file(self) -> Path:
        """The record, relative to the inventory."""
        return self.record or Path("drilled") / f"backup-mx-{self.domain}.json"


class VIPDrill(Drill):
    """One of the servers behind an address, or one that holds the address, is down, and the address is watched."""

    host: DomainName = Field(description="A host of `hosts`: the balancer, by the name that clients connect to.")
    part: DomainName = Field(
        description="The host that is down meanwhile: one behind it, or one that holds its address."
    )
    part_port: Port | None = Field(
        None,
        description="A port at which `part` answers unless it is down; its addresses have to be reached from here. "
        "Without one, the first port of `host`.",
    )
    within: Seconds = Field(30.0, description="Seconds within which the address has to answer as before.")
    every: Seconds = Field(1.0, description="Seconds between two connections to the address.")

    @property
    def key(self) -> str:
        return self.host

    @property
    def record_file(self) -> Path:
        """The record, relative to the inventory."""
        return self.record or Path("drilled") / f"vip-{self.host}.json"


class Drills(Part):
    """What `mailproof drill` may watch."""

    backup_mx: Annotated[list[BackupDrill], AfterValidator(unique)] = Field(
        default=[], description="Domains whose backup MX is watched while the primary is down."
    )
    vip: Annotated[list[VIPDrill], AfterValidator(unique)] = Field(
        default=[], description="Balanced hosts that are watched while one of their servers is down."
    )

    def require_ours(self, domains: Collection[str], hosts: Collection[str]) -> None:
        """Raises PydanticCustomError for what is none of ``domains`` and ``hosts``; these with the ones behind them."""
        named = [("domains", drill.domain, domains) for drill in self.backup_mx]
        named += [("hosts", name, hosts) for drill in self.vip for name in (drill.host, drill.part)]
        for key, name, ours in named:
            if name not in ours:
                raise wrong(f"{name} is none of the `{key}` of the inventory: nobody else's service is drilled")
