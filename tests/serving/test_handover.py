from __future__ import annotations

import os

from matcher.serving.handover import Handover


def test_it_is_done_once_all_new_workers_have_started() -> None:
    handover = Handover()
    assert handover.number == 0
    handover.started(0, 1)
    handover.begin()
    assert handover.number == 1 and not handover.is_done(2)
    handover.started(0, 2)  # one that began before the reload
    handover.started(1, 3)
    assert not handover.is_done(2)
    handover.started(1, 3)
    assert not handover.is_done(2)
    handover.started(1, 4)
    assert handover.is_done(2)
    handover.begin()
    assert handover.number == 2 and not handover.is_done(1)


def test_processes_share_it() -> None:
    handover = Handover()
    handover.begin()
    child = os.fork()
    if child == 0:
        handover.started(1, 7)
        os._exit(0)
    os.waitpid(child, 0)
    assert handover.is_done(1)
