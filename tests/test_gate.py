from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from matcher.gate import OPEN, BusyError, Gate


def hold(gate: Gate) -> tuple[threading.Thread, threading.Event]:
    """A thread that holds a place until its event is set."""
    inside, leave = threading.Event(), threading.Event()

    def work() -> None:
        with gate.place():
            inside.set()
            assert leave.wait(30)

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(30)
    return thread, leave


def test_so_many_are_inside_at_once() -> None:
    gate = Gate(places=3, max_waiting=20, seconds=30)
    lock, inside, most = threading.Lock(), 0, 0
    together = threading.Barrier(3)

    def work(_number: int) -> None:
        nonlocal inside, most
        with gate.place():
            with lock:
                inside += 1
                most = max(most, inside)
            together.wait(30)  # three must be inside to go on
            with lock:
                inside -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(12)))
    assert most == 3


def test_others_wait_in_turn() -> None:
    gate = Gate(places=1, max_waiting=5, seconds=30)
    thread, leave = hold(gate)
    order: list[int] = []

    def work(number: int) -> None:
        with gate.place():
            order.append(number)

    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=work, args=(number,)))
        threads[-1].start()
        while len(gate._queue) <= number:
            pass
    leave.set()
    for one in (thread, *threads):
        one.join(30)
    assert order == [0, 1, 2, 3, 4]
    with gate.place():
        pass


def test_nobody_waits_longer_than_the_time() -> None:
    gate = Gate(places=1, max_waiting=5, seconds=0.01)
    thread, leave = hold(gate)
    with pytest.raises(BusyError), gate.place():
        pass
    assert not gate._queue
    leave.set()
    thread.join(30)
    with gate.place():
        pass


def test_who_is_one_too_many_doesnt_wait() -> None:
    gate = Gate(places=1, max_waiting=1, seconds=30)
    thread, leave = hold(gate)
    waiting = threading.Thread(target=lambda: gate.place().__enter__())
    waiting.start()
    while not gate._queue:
        pass
    with pytest.raises(BusyError), gate.place():
        pass
    leave.set()
    thread.join(30)
    waiting.join(30)


def test_a_thread_inside_doesnt_wait_for_itself() -> None:
    gate = Gate(places=1, max_waiting=0, seconds=0)
    with gate.place(), gate.place():
        with pytest.raises(BusyError):
            ThreadPoolExecutor(1).submit(lambda: gate.place().__enter__()).result()
    hold(gate)[1].set()


def test_a_failure_inside_frees_the_place() -> None:
    gate = Gate(places=1, max_waiting=0, seconds=0)
    with pytest.raises(ZeroDivisionError), gate.place():
        raise ZeroDivisionError
    hold(gate)[1].set()


def test_the_open_gate_lets_everybody_in() -> None:
    held = [hold(OPEN) for _ in range(20)]
    for thread, leave in held:
        leave.set()
        thread.join(30)
