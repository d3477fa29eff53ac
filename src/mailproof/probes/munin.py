"""Reads what the master of Munin has: its nodes, and the list of their histories."""

from __future__ import annotations

from mailproof.grammars.munin import History, Node, parse_histories, parse_nodes
from mailproof.net.errors import NotAvailable
from mailproof.net.network import Network
from mailproof.observations.munin import MuninHistories, NodeHistories
from mailproof.places import Place
from mailproof.probes.configuration import text_of
from mailproof.probes.probe import probe
from mailproof.targets.files import Configuration

MAX_ORPHANS = 20
"""Histories without a node that are kept."""


@probe()
async def munin_histories(configuration: Configuration, net: Network) -> MuninHistories:
    """How old the histories of every node are. Raises NotAvailable where their list, or munin.conf, is missing."""
    names = tuple(file.name for file in configuration.files)
    if configuration.program != "munin":
        return MuninHistories(configuration.program, names)
    nodes: list[tuple[Node, Place]] = []
    listed: tuple[int, tuple[History, ...]] | None = None
    for file in configuration.files:
        text = await text_of(file, net)
        found = parse_histories(text)
        if found is None:
            nodes += [(node, Place(file.name, node.line)) for node in parse_nodes(text)]
        else:
            listed = found
    if listed is None:
        raise NotAvailable(
            f"{', '.join(names)} lists no histories: mailproof capture, on the master, writes such a list"
        )
    if not nodes:
        raise NotAvailable(f"{', '.join(names)} names no node: munin.conf belongs to the list of histories")
    return _compared(names, nodes, *listed)


def _compared(
    names: tuple[str, ...], nodes: list[tuple[Node, Place]], now: int, histories: tuple[History, ...]
) -> MuninHistories:
    current: set[str] = set()
    seen = []
    for node, place in nodes:
        own = sorted((h for h in histories if h.path.startswith(node.prefix)), key=lambda history: history.written)
        current.update(history.inode for history in own)
        ages = [max(now - history.written, 0) // 60 for history in own]
        name = f"{node.group}/{node.host}"
        seen.append(NodeHistories(name, place, ages[0], ages[-1], own[0].path) if own else NodeHistories(name, place))
    orphans = [history.path for history in histories if history.inode not in current]
    return MuninHistories("munin", names, tuple(seen), tuple(orphans[:MAX_ORPHANS]), len(histories))
