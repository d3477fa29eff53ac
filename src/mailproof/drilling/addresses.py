"""Watches an address that a balancer or several nodes hold, while one of the servers is down."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate

from mailproof.drilling.parts import CannotDrill, Say, Watch
from mailproof.drills import AFTER, BEFORE, DURING, Sample
from mailproof.net.errors import NotAvailable, NotObserved, Throttled
from mailproof.net.hosts import Hosts
from mailproof.net.settings import NetSettings
from mailproof.net.smtp import SMTPClient, extensions
from mailproof.net.stores import StoreClient
from mailproof.targets.services import SMTPEndpoint, StoreEndpoint

FACES = 6
"""Connections to each endpoint before the drill, and as many when all has settled: a balancer of a few takes turns."""
MOST = 5000
"""Samples that are kept at most."""


Watched = SMTPEndpoint | StoreEndpoint


@dataclass(frozen=True)
class _Face:
    name: str = ""
    certificate: str = ""


class AddressWatch(Watch):
    """Connects to every endpoint of a host, every few seconds from before the drill until it is over."""

    def __init__(
        self, endpoints: Iterable[Watched], settings: NetSettings, within: float, every: float, say: Say
    ) -> None:
        self.samples: list[Sample] = []
        self._endpoints = tuple(endpoints)
        self._settings = settings
        self._within = within
        self._every = every
        self._say = say
        self._ended: list[float] = []
        """When each of ``samples`` was known."""
        self._went_down = 0.0
        self._brought_back = 0.0
        self._task: asyncio.Task[None] | None = None

    async def before(self) -> None:
        self._task = asyncio.create_task(self._sample())
        await self._until_seen(since=0.0)
        if wrong := next((sample for sample in self.samples if sample.failure), None):
            raise CannotDrill(f"{wrong.endpoint} does not answer every time even before the drill: {wrong.failure}")

    async def during(self, went_down: float) -> None:
        self._went_down = went_down
        await self._until_seen(since=went_down + self._within)
        self._brought_back = asyncio.get_running_loop().time()

    async def after(self, came_back: float) -> None:
        await self._until_seen(since=came_back + self._within)
        await self.close()
        self.samples = [self._told(one, ended) for one, ended in zip(self.samples, self._ended, strict=True)]

    def _told(self, sample: Sample, ended: float) -> Sample:
        """A sample with its phase, and its time since the part went down.

        What had not ended when the part was brought back may have been cut by that: it counts as after.
        """
        down = DURING if ended < self._brought_back else AFTER
        phase = BEFORE if sample.at < self._went_down else down
        return replace(sample, at=round(sample.at - self._went_down, 2), phase=phase)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)  # what ended the drill is not to be hidden by it

    async def _until_seen(self, since: float) -> None:
        """Wait until every endpoint was connected to often enough after ``since`` (seconds of the loop's clock)."""
        while self._task is not None and not self._task.done():
            counts = [sum(s.endpoint == e.id and s.at >= since for s in self.samples) for e in self._endpoints]
            if min(counts) >= FACES:
                return
            await asyncio.sleep(min(0.2, self._every))
        if self._task is not None:
            await self._task  # raises what ended it, if something did
        raise CannotDrill(f"more than {MOST} connections: shorten the drill, or raise `every`")

    async def _sample(self) -> None:
        loop = asyncio.get_running_loop()
        while len(self.samples) < MOST:
            for endpoint in self._endpoints:
                at = loop.time()
                try:
                    face = await _look(endpoint, self._settings)
                    sample = Sample(endpoint.id, at, BEFORE, face.name, face.certificate)
                except NotObserved as failure:
                    put_off = isinstance(failure, Throttled)
                    sample = Sample(endpoint.id, at, BEFORE, failure=failure.reason, put_off=put_off)
                self.samples.append(sample)
                self._ended.append(loop.time())
            await asyncio.sleep(self._every)


async def _look(endpoint: Watched, settings: NetSettings) -> _Face:
    """One connection, with connections of its own that nothing is remembered of. Raises NotObserved."""
    hosts = Hosts(settings.limits)
    if isinstance(endpoint, SMTPEndpoint):
        return await _look_at_smtp(endpoint, SMTPClient(settings, hosts))
    return await _look_at_store(endpoint, StoreClient(settings, hosts))


async def _look_at_smtp(endpoint: SMTPEndpoint, client: SMTPClient) -> _Face:
    async with client.connect(
        endpoint.address, endpoint.port, host=endpoint.host, implicit_tls=endpoint.implicit_tls
    ) as dialogue:
        greeting = await dialogue.greeting()
        if not greeting.positive:
            raise NotAvailable(f"it opens with {greeting}")
        reply = await dialogue.ehlo()
        if "STARTTLS" in extensions(reply) and (await dialogue.starttls()).code == 220:
            await dialogue.handshake()
        return _Face(next(iter(greeting.text.split()), ""), _key(dialogue.certificate))


async def _look_at_store(endpoint: StoreEndpoint, client: StoreClient) -> _Face:
    async with client.connect(
        endpoint.address, endpoint.port, host=endpoint.host, service=endpoint.role, implicit_tls=endpoint.implicit_tls
    ) as dialogue:
        greeting = await dialogue.greeting()
        if not greeting.ok:
            raise NotAvailable(f"it opens with {greeting}")
        return _Face("", _key(dialogue.certificate))


def _key(certificate: bytes) -> str:
    """SHA-256 of the public key; empty without a certificate, or for one that cannot be read."""
    if not certificate:
        return ""
    try:
        key = load_der_x509_certificate(certificate).public_key()
    except ValueError:
        return hashlib.sha256(certificate).hexdigest()
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
