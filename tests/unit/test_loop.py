"""The event loop behind blocking callers."""

from __future__ import annotations

import asyncio

import pytest

from mailproof.net.loop import BackgroundLoop


def test_the_result_and_the_exception_come_back() -> None:
    async def fails() -> None:
        raise TimeoutError("of the work itself")

    loop = BackgroundLoop()
    ticks: list[int] = []
    try:
        assert loop.run(asyncio.sleep(0.3, "done"), lambda: ticks.append(1)) == "done"
        assert ticks
        with pytest.raises(TimeoutError, match="of the work itself"):
            loop.run(fails())
    finally:
        loop.close()
    loop.close()


def test_what_was_interrupted_is_cancelled() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(600)
        finally:
            ended.append("cancelled")

    def interrupt() -> None:
        raise KeyboardInterrupt

    loop = BackgroundLoop()
    with pytest.raises(KeyboardInterrupt):
        loop.run(work(), interrupt)
    loop.close()
    assert ended == ["cancelled"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_loop_that_was_ended_is_not_waited_for() -> None:
    async def ends() -> None:
        raise SystemExit(3)

    loop = BackgroundLoop()
    with pytest.raises(RuntimeError, match="the event loop was ended"):
        loop.run(ends())
    loop.close()
