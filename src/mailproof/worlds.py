"""Offline worlds for inventories: ``world: demo`` in place of the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mailproof.inventory.load import LoadedInventory
from mailproof.net.settings import NetSettings


class WorldError(Exception):
    """An inventory's world cannot be found or started; the message says where and why."""


@contextmanager
def open_world(loaded: LoadedInventory, settings: NetSettings) -> Iterator[NetSettings]:
    """Run the world of an inventory and give ``settings`` as they are inside it; limits stay as they are.

    The world is a shipped one by name, or a directory relative to the file that names it. Without a world,
    ``settings`` come back unchanged. Raises WorldError.
    """
    if loaded.model.world is None:
        yield settings
        return
    from mailproof.fixtures.world import World, find_world

    place = loaded.places.get(("world",))
    file = place.path if place else loaded.file
    where = f"{file}:{place.line}" if place else str(file)
    try:
        world = World.load(find_world(loaded.model.world, file.parent)).start()
    except (ValueError, OSError) as error:
        raise WorldError(f"{where}: world: {error}") from error
    try:
        yield world.settings(settings)
    finally:
        world.stop()
