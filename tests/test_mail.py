from __future__ import annotations

import asyncio
import smtplib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from matcher import mail, mail_delivery
from matcher.mail import MAX_AGE, RETRIES, Mailer
from matcher.store import Store
from matcher.store.account_tables import MailRow
from tests.conftest import settings_for
from tests.mails import mails

LINK = "https://schakel.example.org/password/7f3e"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path}/schakel.sqlite3")
    made.upgrade()
    yield made
    made.dispose()


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mailer, "wake", lambda _self: None)


def rows(store: Store) -> list[MailRow]:
    with store.reading() as session:
        return list(session.scalars(select(MailRow)))


def make_due(store: Store) -> None:
    with store.keeping() as session:
        session.execute(update(MailRow).values(next_try=datetime.now(UTC)))


def test_a_mail_waits_encrypted_and_goes_out_once(
    store: Store, tmp_path: Path, waiting: None
) -> None:
    mailer = Mailer(settings_for(tmp_path), store)
    mailer.send("jan@example.org", "Nieuw wachtwoord", f"Kies het hier:\n{LINK}\nGroeten, é")
    (row,) = rows(store)
    assert not {"jan", "wachtwoord", "7f3e"} & set(row.sealed.lower().split())
    assert "jan" not in row.sealed and LINK not in row.sealed
    assert mails(tmp_path) == []
    assert mailer.deliver_waiting() == 1
    assert mailer.deliver_waiting() == 0 and rows(store) == []
    ((to, subject, text),) = mails(tmp_path)
    assert (to, subject) == ("jan@example.org", "Nieuw wachtwoord")
    assert text.splitlines()[:3] == ["Kies het hier:", LINK, "Groeten, é"]


def test_nobody_adds_headers(store: Store, tmp_path: Path, waiting: None) -> None:
    mailer = Mailer(settings_for(tmp_path), store)
    for to, subject in (("a@example.org\nBcc: b@example.org", "x"), ("a@example.org", "x\r\ny")):
        with pytest.raises(ValueError):
            mailer.send(to, subject, "")
    assert rows(store) == []


def test_a_mail_to_nobody_is_stored_and_not_sent(
    store: Store, tmp_path: Path, waiting: None
) -> None:
    mailer = Mailer(settings_for(tmp_path), store)
    mailer.send_nothing()
    assert len(rows(store)) == 1
    assert mailer.deliver_waiting() == 1
    assert rows(store) == [] and mails(tmp_path) == []


def test_a_server_that_is_away_is_tried_again(
    store: Store, tmp_path: Path, waiting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailer = Mailer(settings_for(tmp_path), store)
    monkeypatch.setattr(mail, "deliver", raise_refused)
    mailer.send("jan@example.org", "x", "y")
    for tries, pause in enumerate((*RETRIES, RETRIES[-1]), start=1):
        make_due(store)
        assert mailer.deliver_waiting() == 0
        (row,) = rows(store)
        assert row.tries == tries
        assert abs(row.next_try - datetime.now(UTC) - pause) < timedelta(seconds=5)
        assert mailer.deliver_waiting() == 0 and rows(store)[0].tries == tries
    monkeypatch.setattr(mail, "deliver", mail_delivery.deliver)
    make_due(store)
    assert mailer.deliver_waiting() == 1
    assert [one.to for one in mails(tmp_path)] == ["jan@example.org"]


def test_after_a_day_a_mail_is_given_up(
    store: Store, tmp_path: Path, waiting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailer = Mailer(settings_for(tmp_path), store)
    monkeypatch.setattr(mail, "deliver", raise_refused)
    mailer.send("jan@example.org", "x", "y")
    with store.keeping() as session:
        session.execute(update(MailRow).values(created=datetime.now(UTC) - MAX_AGE))
    assert mailer.deliver_waiting() == 0
    (row,) = rows(store)
    assert row.given_up is not None and row.sealed == ""
    monkeypatch.undo()
    assert mailer.deliver_waiting() == 0 and len(rows(store)) == 1  # that it was stays known
    with store.keeping() as session:
        session.execute(update(MailRow).values(given_up=datetime.now(UTC) - timedelta(days=91)))
    mailer.give_up(rows(store)[0])
    assert rows(store) == []


def test_a_mail_of_another_key_is_given_up(store: Store, tmp_path: Path, waiting: None) -> None:
    Mailer(settings_for(tmp_path, SCHAKEL_SECRET_KEY="one"), store).send("a@example.org", "x", "")
    Mailer(settings_for(tmp_path, SCHAKEL_SECRET_KEY="two"), store).deliver_waiting()
    (row,) = rows(store)
    assert row.given_up is not None and row.sealed == "" and mails(tmp_path) == []


def test_of_several_processes_one_delivers(store: Store, tmp_path: Path, waiting: None) -> None:
    mailers = [Mailer(settings_for(tmp_path), Store(str(store.url))) for _ in range(3)]
    for number in range(5):
        mailers[0].send(f"mail{number}@example.org", "x", "")
    threads = [threading.Thread(target=one.deliver_waiting) for one in mailers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.to for one in mails(tmp_path)) == [f"mail{n}@example.org" for n in range(5)]
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(MailRow)) == 0


def test_a_thread_sends_what_requests_leave(store: Store, tmp_path: Path) -> None:
    mailer = Mailer(settings_for(tmp_path, SCHAKEL_JOBS="inside"), store)
    mailer.start_thread()
    try:
        mailer.send("jan@example.org", "x", "y")
        deadline = time.monotonic() + 5
        while rows(store) and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        mailer.stop()
    assert [one.to for one in mails(tmp_path)] == ["jan@example.org"]


def raise_refused(*_: object) -> None:
    raise smtplib.SMTPRecipientsRefused({})


def test_smtp(tmp_path: Path, store: Store, waiting: None) -> None:
    """A server of a few lines takes what the mailer sends by SMTP."""
    got: list[str] = []
    port: list[int] = []
    ready, done = threading.Event(), threading.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        data = False
        while line := (await reader.readline()).decode():
            got.append(line.rstrip("\r\n"))
            if data and line != ".\r\n":
                continue
            command = line.upper()[:4]
            data = command == "DATA"
            answers = {"DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}
            writer.write(answers.get(command, b"250 ok\r\n"))
            if command == "QUIT":
                break
        writer.close()
        done.set()

    async def serve() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port.append(server.sockets[0].getsockname()[1])
        ready.set()
        async with server:
            while not done.is_set():
                await asyncio.sleep(0.02)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(5)
    settings = settings_for(tmp_path, SCHAKEL_SMTP_URL=f"smtp://127.0.0.1:{port[0]}")
    mailer = Mailer(settings, store)
    mailer.send("jan@example.org", "Onderwerp", "Tekst")
    assert mailer.deliver_waiting() == 1
    thread.join(5)
    assert "RCPT TO:<JAN@EXAMPLE.ORG>" in [line.upper() for line in got]
    assert "Subject: Onderwerp" in got and "Tekst" in got
