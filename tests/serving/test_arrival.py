"""Requests that arrive bit by bit: when they are whole, and what can't be one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.serving.arrival import MAX_BODY, MAX_HEAD, Arrival, Stage

GET = b"GET /matches?text=x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /api HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 5 \r\n\r\nhello"
CHUNKED = (
    b"POST /api HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n1A;name=value\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nTrailer: x\r\n\r\n"
)
REQUESTS = pytest.mark.parametrize("request_", [GET, POST, CHUNKED, b"\r\n" + GET])


@REQUESTS
def test_a_request_is_whole_at_its_last_byte(request_: bytes) -> None:
    arrival = Arrival()
    stages = []
    for number in range(len(request_)):
        arrival.add(request_[number : number + 1])
        stages.append(arrival.stage())
    assert stages[-1] is Stage.WHOLE
    assert set(stages[:-1]) <= {Stage.NOTHING_CAME, Stage.HEAD, Stage.BODY}
    assert arrival.data == request_.removeprefix(b"\r\n")


@REQUESTS
def test_it_is_whole_with_the_next_one_behind_it(request_: bytes) -> None:
    arrival = Arrival(request_ + POST[:20])
    assert arrival.stage() is Stage.WHOLE
    assert arrival.data.endswith(POST[:20])


def test_the_target_is_method_and_path() -> None:
    assert Arrival(GET).target == b"GET /matches?text=x"


@pytest.mark.parametrize(
    "length", [b"x", b"-1", b"1_0", b"", b"9" * 5000, b"5\r\nContent-Length: 6"]
)
def test_a_length_that_is_none_is_refused(length: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nContent-Length: " + length + b"\r\n\r\n"
    assert Arrival(head).stage() is Stage.REFUSED


@pytest.mark.parametrize("chunks", [b"x\r\n", b"-5\r\n", b"5\n", b";" * 300, b"0x5\r\n", b"\r\n"])
def test_chunks_that_are_none_are_refused(chunks: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert Arrival(head + chunks).stage() is Stage.REFUSED
    assert Arrival(head + b"1\r\na\r\n" + chunks).stage() is Stage.REFUSED


def test_a_head_without_end_is_refused() -> None:
    arrival = Arrival(b"GET / HTTP/1.1\r\nCookie: " + b"a" * (MAX_HEAD - 30))
    assert arrival.stage() is Stage.HEAD
    arrival.add(b"a" * 30)
    assert arrival.stage() is Stage.REFUSED


def test_a_long_body_isnt_awaited() -> None:
    head = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    assert Arrival(head % MAX_BODY).stage() is Stage.BODY
    assert Arrival(head % (MAX_BODY + 1)).stage() is Stage.LONG
    chunked = Arrival(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert chunked.stage() is Stage.BODY
    for _ in range(33):
        chunked.add(b"10000\r\n" + bytes(0x10000) + b"\r\n")
    assert chunked.stage() is Stage.LONG


def test_who_waits_for_a_go_ahead_gets_it_once() -> None:
    head = b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"
    arrival = Arrival(head)
    assert arrival.stage() is Stage.BODY
    assert arrival.take_expectation()
    assert not arrival.take_expectation()
    arrival.add(b"ab")
    assert arrival.stage() is Stage.WHOLE
    assert arrival.data == b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"


def test_an_expectation_within_a_body_stays() -> None:
    arrival = Arrival(b"PUT / HTTP/1.1\r\nContent-Length: 99\r\n\r\n\r\nExpect: 100-continue\r\n")
    assert arrival.stage() is Stage.BODY
    assert not arrival.take_expectation()


@given(
    st.lists(st.sampled_from([GET, POST, CHUNKED, b"\r\n", b"0", b"\x00\xff", b" "]) | st.binary())
)
def test_bytes_in_pieces_are_the_same_as_at_once(pieces: list[bytes]) -> None:
    arrival = Arrival()
    stage = Stage.NOTHING_CAME
    for piece in pieces:
        arrival.add(piece)
        stage = arrival.stage()
        if stage in (Stage.WHOLE, Stage.REFUSED, Stage.LONG):
            break
    assert Arrival(bytes(arrival.data)).stage() is stage
