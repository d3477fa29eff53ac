"""One run's contact with the world: an event loop in the background that discovers targets, surveys them, and ends
cleanly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from mailproof.clock import now
from mailproof.garbage import rare_collections
from mailproof.inventory.load import LoadedInventory
from mailproof.inventory.model import Inventory
from mailproof.net.loop import BackgroundLoop
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.net.source import clock_is_synchronised
from mailproof.observations import Former
from mailproof.probes.identity import own_addresses, traits
from mailproof.probes.probe import Probe
from mailproof.record import Record
from mailproof.survey import Progress, Survey
from mailproof.targets.base import Target, Targets
from mailproof.targets.discovery import Elsewhere, discover
from mailproof.targets.services import Endpoint
from mailproof.targets.shards import ask_exchanges


class Expedition:
    """Discovery and survey of one inventory. Use as a context manager."""

    def __init__(self, loaded: LoadedInventory, probes: Mapping[str, Probe], settings: NetSettings) -> None:
        self.loaded = loaded
        self.progress = Progress()
        self._probes = probes
        self._settings = settings
        self._loop = BackgroundLoop()
        self._network = self._loop.run(_make_network(settings))
        self.targets = Targets()

    def __enter__(self) -> Expedition:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask_exchanges(
        self, names: Iterable[str], tick: Callable[[], None] = lambda: None
    ) -> dict[str, tuple[str, ...]]:
        """The MX hosts of domains, see ``targets.shards``."""
        with rare_collections():
            return self._loop.run(ask_exchanges(names, self._network.dns), tick)

    def discover(self, tick: Callable[[], None] = lambda: None, elsewhere: Elsewhere | None = None) -> Targets:
        """Find the targets of the inventory; ``elsewhere`` is what it says beyond the shard that ``loaded`` is."""
        with rare_collections():
            self.targets = self._loop.run(
                discover(
                    self.loaded.model,
                    self._network.dns,
                    self._settings,
                    self.loaded.file.parent,
                    self._network.files,
                    elsewhere,
                ),
                tick,
            )
        self._network.hosts.name(named_addresses(self.loaded.model, self.targets))
        return self.targets

    def survey(
        self,
        wanted: Iterable[tuple[str, Target]],
        tick: Callable[[], None] = lambda: None,
        former: Former | None = None,
        stop_file: Path | None = None,
    ) -> Record:
        """Observe every (probe name, target) pair; ``former`` is what earlier runs knew. See ``Survey`` for
        ``stop_file``.
        """
        given = (self._probes, self.loaded.model, self.targets, self._network, self.progress)
        survey = Survey(*given, former=former, stop_file=stop_file)
        with rare_collections():
            self._loop.run(survey.run(wanted), tick)
        lacks = self._loop.run(self._lacks())
        # Evidence on disk is judged without a network: then nobody is asked for the time either.
        asked = bool(self._network.dns.questions)
        root_signature = self._loop.run(self._network.dns.root_signature()) if asked else None
        return Record(
            inventory=self.loaded.name,
            surveyed_at=now(),
            targets=self.targets,
            outcomes=survey.outcomes,
            attempts=survey.attempts,
            connections=dict(sorted(self._network.hosts.connections.items())),
            questions=dict(sorted(self._network.dns.questions.items())),
            root_signature=root_signature,
            clock_synchronised=clock_is_synchronised(),
            run=self._settings.run,
            lacks=lacks,
            entries=self.loaded.entries,
        )

    async def _lacks(self) -> tuple[str, ...]:
        """What servers may refuse the tester for. Nothing is looked up where nobody was connected to, or offline."""
        if not self._network.hosts.connections or self._settings.offline:
            return ()
        found = await traits(own_addresses(self.loaded.model), self._network, self.loaded.model)
        return tuple(f"{trait.about}: {trait.text}" for trait in found if trait.right is False and trait.heavy)

    @property
    def open_connections(self) -> list[tuple[str, float]]:
        """The peers of the connections that are open, each with when it was (monotonic seconds), oldest first."""
        return self._network.hosts.open_connections

    def close(self) -> None:
        """Close the network and end the background thread; safe to call twice."""
        if self._network is not None:
            network, self._network = self._network, None  # type: ignore[assignment]
            self._loop.run(network.close())
        self._loop.close()


def named_addresses(inventory: Inventory, targets: Targets) -> set[str]:
    """The addresses of the hosts that ``inventory`` names itself."""
    names = {host.name for host in inventory.hosts}
    return {endpoint.address for endpoint in targets.found(Endpoint) if endpoint.host in names}


async def _make_network(settings: NetSettings) -> Network:
    return Network(settings)
