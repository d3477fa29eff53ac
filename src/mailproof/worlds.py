"""Offline worlds for inventories: ``world: demo`` in place of the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from mailproof.inventory.load import LoadedInventory
from mailproof.net.settings import NetSettings

SHIPPED = Path(__file__).parent / "fixtures" / "worlds"
"""One directory for each world that comes with mailproof."""

_PLAN_FILE = "world.yaml"


class WorldError(Exception):
    """An inventory's world cannot be found or started; the message says where and why."""


def shipped_worlds() -> tuple[str, ...]:
    """The names of the worlds that come with mailproof."""
    return tuple(sorted(plan.parent.name for plan in SHIPPED.glob(f"*/{_PLAN_FILE}")))


@contextmanager
def open_world(loaded: LoadedInventory, settings: NetSettings) -> Iterator[NetSettings]:
    """Run the world of an inventory and give ``settings`` as they are inside it; limits stay as they are.

    The world is a shipped one by name, or a directory relative to the file that names it. Without a world,
    ``settings`` come back unchanged. Raises WorldError.
    """
    if loaded.model.world is None:
        yield settings
        return
    from mailproof.fixtures.world import World

    place = loaded.places.get(("world",))
    file = place.file if place else loaded.file
    where = f"{file}:{place.line}" if place else str(file)
    try:
        world = World.load(find_world(loaded.model.world, file.parent)).start()
    except (WorldError, ValueError, OSError) as error:
        raise WorldError(f"{where}: world: {error}") from error
    try:
        yield world.settings(settings)
    finally:
        world.stop()


def find_world(name: str, base: Path) -> Path:
    """The directory of a world: a shipped one by name, or a directory relative to ``base``. Raises
    WorldError."""
    shipped = shipped_worlds()
    if name in shipped:
        return SHIPPED / name
    directory = (base / Path(name).expanduser()).resolve()
    if (directory / _PLAN_FILE).is_file():
        return directory
    near = get_close_matches(name, shipped, 1)
    hint = f"did you mean {near[0]}?" if near else f"shipped worlds are {', '.join(shipped) or 'none'}"
    raise WorldError(f"{name} is not a shipped world, and {directory} has no {_PLAN_FILE}; {hint}")
