"""The part of the service that is down meanwhile: how it is taken down and brought back, and whether it answers."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from tempfile import TemporaryFile
from typing import IO

from mailproof.net.errors import Malformed, NoFiles, NotAvailable, NotObserved, Throttled
from mailproof.net.hosts import Hosts
from mailproof.net.services import begins_with_tls
from mailproof.net.settings import NetSettings
from mailproof.net.smtp import SMTPClient
from mailproof.net.text import printable

Say = Callable[[str], None]

SMTP_PORTS = (25, 465, 587)
POLL, LATER_POLL = 0.5, 5.0
"""Seconds between two of the first looks whether the part answers, and between the later ones."""
FIRST_LOOKS = 4
"""So many are soon after each other: hundreds of them would make the part shut the tester out."""
COMMAND_SECONDS = 300.0
LAST_LOOKS = 60.0
"""Seconds in which the part has to answer again where the drill was ended: whoever sends SIGTERM does not wait long."""
MOST_SAID = 500
"""Octets of what a command says that are told where it fails."""


class CannotDrill(Exception):
    """The drill cannot be held, or proves nothing; the message says why."""


class NotBroughtBack(Exception):
    """What was taken down could not be brought back; the message says how that was tried."""


@dataclass(frozen=True)
class Door:
    """A port at which the part answers unless it is down."""

    host: str
    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}[{self.address}]:{self.port}"


async def silence(door: Door, settings: NetSettings) -> str:
    """Why nobody answers at a door; empty where somebody does. A server of SMTP has to greet, others to be connected.

    Whoever says anything is up, be it 421 or 554: it may have had enough of the tester alone. Addresses that cannot be
    reached are remembered by ``Hosts``, so each look has its own. Raises NoFiles: nothing is known of the part then.
    """
    client = SMTPClient(settings, Hosts(settings.limits))
    tls = begins_with_tls(door.port)
    try:
        async with client.connect(door.address, door.port, host=door.host, implicit_tls=tls) as dialogue:
            if door.port in SMTP_PORTS:
                await dialogue.greeting()
    except NoFiles:
        raise
    except NotObserved as failure:
        return "" if isinstance(failure, Throttled | Malformed | NotAvailable) else failure.reason
    return ""


class Part:
    """The part, by its doors, and the commands that take it down and bring it back; without them the user does."""

    def __init__(
        self, doors: Sequence[Door], settings: NetSettings, down: Sequence[str], up: Sequence[str], say: Say
    ) -> None:
        self.doors = tuple(doors)
        self._settings = settings
        self._down = list(down)
        self._up = list(up)
        self._say = say

    def __str__(self) -> str:
        return ", ".join(map(str, self.doors))

    async def keep_to_what_answers(self) -> None:
        """Forget the doors that do not answer even now, like those in IPv6 without it. Raises CannotDrill.

        A door that is forgotten is not looked at any more: it has to be silent twice.
        """
        silent = await self._silent()
        if silent:
            await asyncio.sleep(POLL)
            again = await self._silent()
            silent = {door: reason for door, reason in again.items() if door in silent}
        if len(silent) == len(self.doors):
            told = "; ".join(f"{door}: {reason}" for door, reason in silent.items())
            raise CannotDrill(f"what is to be taken down does not answer before the drill: {told}")
        self.doors = tuple(door for door in self.doors if door not in silent)

    async def _silent(self) -> dict[Door, str]:
        reasons = await asyncio.gather(*(silence(door, self._settings) for door in self.doors))
        return {door: reason for door, reason in zip(self.doors, reasons, strict=True) if reason}

    async def take_down(self) -> None:
        """Run the command, or ask the user. Raises CannotDrill."""
        if not self._down:
            self._say(f"  Take down {self} now. It is brought back by you: this says when.")
            return
        self._say(f"  Taking down {self}: {' '.join(self._down)}")
        running = asyncio.ensure_future(asyncio.to_thread(_run, self._down, CannotDrill))
        try:
            await asyncio.shield(running)
        finally:
            while not running.done():  # nothing is brought back while it is being taken down
                with suppress(asyncio.CancelledError, CannotDrill):
                    await asyncio.shield(running)

    def bring_back(self) -> None:
        """Run the command, whatever the keyboard says meanwhile, or ask the user. Raises NotBroughtBack."""
        if not self._up:
            self._say(f"  Bring {self} back now, if it is down.")
            return
        with _undisturbed():  # first of all: whatever is said before may fail, or block
            try:
                _run(self._up, NotBroughtBack)
            except NotBroughtBack:
                raise
            except Exception as error:
                raise NotBroughtBack(f"{' '.join(self._up)}: {error}") from error
        self._say(f"  To bring back {self}, this was run: {' '.join(self._up)}")

    async def until_down(self, patience: float) -> float:
        """When it was first seen down (seconds of the loop's clock). Raises CannotDrill after ``patience`` seconds."""
        return await self._until(
            lambda silent: len(silent) == len(self.doors),
            patience,
            lambda silent: f"{', '.join(str(d) for d in self.doors if d not in silent)} still answers",
        )

    async def until_up(self, patience: float) -> float:
        """When all of it was seen up again. Raises NotBroughtBack after ``patience`` seconds."""
        return await self._until(
            lambda silent: not silent,
            patience,
            lambda silent: f"{', '.join(map(str, silent))} does not answer again",
            NotBroughtBack,
        )

    async def _until(
        self,
        reached: Callable[[dict[Door, str]], bool],
        patience: float,
        told: Callable[[dict[Door, str]], str],
        failure: type[Exception] = CannotDrill,
    ) -> float:
        loop = asyncio.get_running_loop()
        end = loop.time() + patience
        for look in count(1):
            at = loop.time()
            try:
                silent = await self._silent()
                if reached(silent):
                    return at
                wrong = told(silent)
            except NoFiles as failed:
                wrong = f"whether {self} answers is not known ({failed.reason})"
            if loop.time() > end:
                unrecorded = "; no record is written" if failure is CannotDrill else ""
                raise failure(f"{wrong} after {patience:.0f} s{unrecorded}")
            pause = POLL if look < FIRST_LOOKS else LATER_POLL
            await asyncio.sleep(min(pause, max(POLL, end - loop.time())))
        raise AssertionError("it is counted for ever")


def _run(command: list[str], failure: type[Exception]) -> None:
    """Run a command without a shell and out of reach of Ctrl-C. Raises ``failure`` where it does not succeed.

    What it says goes to a file: a daemon that it starts may keep that open for as long as it likes. Where there can be
    no file, the command is run nevertheless.
    """
    told = " ".join(command)
    with ExitStack() as files:
        said: IO[bytes] | None = None
        with suppress(OSError):
            said = files.enter_context(TemporaryFile())
        try:
            done = subprocess.run(  # noqa: S603 - it is the user's own command, and no shell takes it apart
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if said is None else said,
                stderr=subprocess.STDOUT,
                timeout=COMMAND_SECONDS,
                check=False,
                start_new_session=True,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise failure(f"{told}: {error}") from None
        if done.returncode:
            raise failure(f"{told} ended with {done.returncode}: {_words(said)}")


def _words(said: IO[bytes] | None) -> str:
    """The first of what a command said."""
    if said is None:
        return "what it said is not known, there can be no temporary file"
    try:
        said.seek(0)
        return printable(said.read(MOST_SAID).strip())
    except OSError as error:
        return f"what it said cannot be read: {error}"


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No signal from a terminal ends what is done meanwhile."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Watch:
    """What a drill watches: before, while the part is down, and after it came back. To be derived from."""

    async def before(self) -> None:
        """Look at the service as it is. Raises CannotDrill where it is not right: nothing is taken down then."""

    async def during(self, went_down: float) -> None:
        """Look at it while the part is down, since ``went_down`` (seconds of the loop's clock)."""

    async def after(self, came_back: float) -> None:
        """Look at it when the part is back."""

    async def close(self) -> None:
        """End what still runs."""


async def held(part: Part, watch: Watch, patience: float, say: Say) -> float:
    """The whole drill; what was taken down is brought back whatever happens, and has to answer again. Returns the
    seconds it was down.

    Raises CannotDrill and NotBroughtBack, the latter also where the drill is cancelled.
    """
    try:
        await part.keep_to_what_answers()
        await watch.before()
        wrong: CannotDrill | NotObserved | None = None
        went_down = 0.0
        try:
            try:
                await part.take_down()
                went_down = await part.until_down(patience)
                say(f"  {part} is down.")
                await watch.during(went_down)
            except (CannotDrill, NotObserved) as failure:  # whether the part comes back is worth more than that
                wrong = failure
            finally:
                part.bring_back()
            came_back = await part.until_up(patience)
        except asyncio.CancelledError:
            await part.until_up(min(patience, LAST_LOOKS))
            raise
        if wrong is not None:
            raise wrong
        say(f"  {part} is back.")
        await watch.after(came_back)
        return came_back - went_down
    finally:
        await watch.close()
