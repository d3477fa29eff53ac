"""One exercise: what is told beforehand, what has to be published, and the record that is written."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mailproof.clock import now
from mailproof.exercises import Delivery, Exercise, HandedIn, write_exercise
from mailproof.exercising.incoming import send_and_wait
from mailproof.exercising.mailboxes import reader_of
from mailproof.exercising.messages import Composer
from mailproof.exercising.outgoing import for_sink, hand_in_and_watch, require_sink
from mailproof.exercising.records import incoming_records, missing, private_key
from mailproof.exercising.sink_records import POLICY, make_identity, sink_records
from mailproof.inventory.exercise import Outgoing, OwnMailbox
from mailproof.inventory.load import LoadedInventory
from mailproof.net.avoided import Avoided, entry_of_host
from mailproof.net.loop import stopped_by
from mailproof.net.network import Network

Say = Callable[[str], None]


class CannotExercise(Exception):
    """Nothing is sent; the message says why."""


def tell_records(mailbox: OwnMailbox, loaded: LoadedInventory, say: Say) -> None:
    """Print what the test domains have to publish; keys that are not there yet are made."""
    say(f"; for {mailbox.address}")
    if mailbox.incoming is not None:
        key = private_key(_beside(loaded, mailbox.incoming.key), make=True)
        for record in incoming_records(mailbox.incoming, key, mailbox.report_to):
            say(str(record))
    if mailbox.outgoing is not None:
        _make_sink(mailbox.outgoing, loaded)
        for record in sink_records(mailbox.outgoing, _certificate(mailbox.outgoing, loaded), mailbox.report_to):
            say(str(record))
        if mailbox.outgoing.sts:
            policy = POLICY.format(domain=f"sts.{mailbox.outgoing.sink_domain}")
            say(f"; https://mta-sts.sts.{mailbox.outgoing.sink_domain}/.well-known/mta-sts.txt:")
            say("\n".join(f";   {line}" for line in policy.splitlines()))


def _certificate(outgoing: Outgoing, loaded: LoadedInventory) -> Path:
    return _beside(loaded, outgoing.certificate or outgoing.key.with_suffix(".pem"))


def _make_sink(outgoing: Outgoing, loaded: LoadedInventory) -> None:
    if outgoing.certificate is None:
        make_identity(_beside(loaded, outgoing.key), outgoing.sink_domain)


def _beside(loaded: LoadedInventory, file: Path) -> Path:
    return loaded.file.parent / file


def exercise(
    mailbox: OwnMailbox, loaded: LoadedInventory, say: Say, *, only_plan: bool, stop_file: Path | None = None
) -> None:
    """The exercise of one mailbox; before anything is sent, all of it is told. ``stop_file`` ends it."""
    run = secrets.token_hex(6)
    settings = loaded.model.net_settings().of_run(run)
    key = private_key(_beside(loaded, mailbox.incoming.key)) if mailbox.incoming is not None else b""
    composer = Composer(mailbox, run, settings.sender, loaded.model.contact or settings.sender, key)
    mails = list(composer.mails())
    say(f"{mailbox.address}: {len(mails)} messages from this machine, by the MX of {mailbox.domain}, to it alone.")
    say(f"  A faulty server may make {sum(mail.may_become for mail in mails)} of them. They are marked with run {run}.")
    for mail in mails:
        say(f"  {mail.case}: from {mail.sender}")
    if mailbox.outgoing is not None:
        submission = mailbox.outgoing.submission
        say(f"  Handed in at {submission.host}:{submission.port}, for the sink at {mailbox.outgoing.listen} alone:")
        for message in for_sink(mailbox, run):
            say(f"  {message.case}: to {message.recipient}")
    if only_plan:
        return
    done = asyncio.run(_unless_stopped(stop_file, _done(mailbox, composer, loaded, run, say)))
    file = _beside(loaded, mailbox.record_file)
    write_exercise(file, done)
    say(f"  {file} is written: pytest --inventory {loaded.file} judges it.")


async def _unless_stopped(file: Path | None, work: Coroutine[Any, Any, Exercise]) -> Exercise:
    """What ``work`` returns. Raises CannotExercise as soon as there is a stop file, be it from the start."""
    try:
        async with asyncio.timeout(None) as until:
            with stopped_by(file, until):
                await asyncio.sleep(0)
                return await work
    except TimeoutError:
        work.close()
        if not until.expired() or file is None:
            raise
        raise CannotExercise(
            f"stopped: there is a file {file}; what was sent until then cannot be called back, and no record is written"
        ) from None


async def _done(mailbox: OwnMailbox, composer: Composer, loaded: LoadedInventory, run: str, say: Say) -> Exercise:
    net = Network(loaded.model.net_settings().of_run(run))
    try:
        await require_contact(mailbox, net.settings.avoided)
        await _require_records(mailbox, loaded, net)
        if mailbox.outgoing is not None:
            _make_sink(mailbox.outgoing, loaded)
            await require_sink(mailbox, mailbox.outgoing, net, run, loaded.file.parent)
        began_at = now()
        reader = reader_of(mailbox, loaded.file.parent, loaded.model.trust.ca_file)
        ours = [domain.name for domain in loaded.model.domains]
        sent = await send_and_wait(mailbox, composer, reader, net, run, began_at, ours, say)
        handed_in: tuple[HandedIn, ...] = ()
        deliveries: tuple[Delivery, ...] = ()
        if mailbox.outgoing is not None:
            handed_in, deliveries = await hand_in_and_watch(
                mailbox, mailbox.outgoing, net, run, loaded.file.parent, say
            )
        return Exercise(run, mailbox.address, began_at, now(), mailbox.wait, sent, handed_in, deliveries)
    finally:
        await net.close()


async def require_contact(mailbox: OwnMailbox, avoided: Avoided) -> None:
    """Raises CannotExercise where ``do_not_contact`` holds the mailbox, or a server that other libraries connect to."""
    servers = [(urlsplit(mailbox.imaps).hostname or "", "imaps")] if mailbox.imaps else []
    if mailbox.outgoing is not None:
        servers.append((mailbox.outgoing.submission.host, "submission"))
    if entry := avoided.entry("", mailbox.domain):
        raise CannotExercise(_FORBIDDEN.format("the mailbox", mailbox.domain, entry))
    for name, what in servers:
        if entry := await asyncio.to_thread(entry_of_host, avoided, name):
            raise CannotExercise(_FORBIDDEN.format(what, name, entry))


_FORBIDDEN = "{}: {} is not contacted: the inventory says do_not_contact: {}"


async def _require_records(mailbox: OwnMailbox, loaded: LoadedInventory, net: Network) -> None:
    """Raises CannotExercise where the test domain is not as the messages need it: they would prove nothing."""
    incoming = mailbox.incoming
    if incoming is None:
        return
    key = private_key(_beside(loaded, incoming.key))
    wrong = await missing(incoming_records(incoming, key, mailbox.report_to), net)
    if incoming.bogus_domain:
        verdict = await net.dnssec.judge(incoming.bogus_domain, "A")
        if verdict.status != "bogus":
            wrong.append(f"{incoming.bogus_domain} is {verdict.status}, not bogus")
    if wrong:
        told = "; ".join(wrong)
        raise CannotExercise(f"the test domain is not ready (--records prints what it needs): {told}")
