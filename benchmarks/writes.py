"""What writes make others wait: python -m benchmarks.writes.

100 PUTs and a question from each of four askers at once, which should find the last one. Then as
many organisations again are imported, by `import organisations` in another process, and with
`--web` once more through the import page; meanwhile a question is asked and /health/live is called
every half second. At last the service is restarted. The plain app takes no writes, so its questions
stand beside the service's before anything was written.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice, repeat
from pathlib import Path

import requests
from sqlalchemy import func, select

from benchmarks.asking import LIVE, PROBE_HEADS, Probes, Request, table, to_plain_app, to_service
from benchmarks.generated import GeneratedCorpus, GeneratedQuestion, questions
from benchmarks.generated.files import organisation_body, write_csv, write_ndjson
from benchmarks.homes import Homes, homes_for, options
from benchmarks.pages import create_account, sign_in
from benchmarks.serving import Server, plain_app, service, service_environment
from matcher.domain import Organisation
from matcher.settings import read_settings
from matcher.store import Store
from matcher.store.tables import EmbeddingRow

ASKERS = 4
EVERY = 0.5
"""Seconds between two questions during an import."""
_FOUND_TIMEOUT = 1_800.0


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--organisations", type=int, default=10_000)
    parser.add_argument("--puts", type=int, default=100)
    parser.add_argument("--web", action="store_true", help="import through the page, too")
    asked = parser.parse_args()
    corpus = GeneratedCorpus(asked.organisations)
    with homes_for(asked) as homes:
        home = homes.copy(homes.service(corpus), "writes")
        store = Store(read_settings(service_environment(home, **homes.environ)).database_url)
        create_account(store)
        store.dispose()
        texts = questions(corpus, plain=True, seed=25)
        print(f"{corpus.size:,} organisations")
        with service(home, **homes.environ) as server:
            with plain_app(homes.plain_app(corpus)) as plain:
                several = list(islice(texts, 20))
                ours = server.block([to_service(one) for one in several], 1)
                theirs = plain.block([to_plain_app(one) for one in several], 1)
            print(
                "before: slowest of 20 questions "
                f"{max(ours.latencies):.3f} s, plain app {max(theirs.latencies):.3f} s"
            )
            put(server, asked.puts)
            other, file = GeneratedCorpus(corpus.size, prefix="h"), home / "other.ndjson"
            write_ndjson(other, file)
            command = partial(homes.flask, home, "import", "organisations", str(file))
            imported(server, other, texts, "import organisations", command)
            if asked.web:
                other, file = GeneratedCorpus(corpus.size, prefix="i"), home / "other.csv"
                write_csv(other, file)
                upload = partial(import_by_page, server, file)
                imported(server, other, texts, "import on the page", upload)
        restart(homes, home)


def put(server: Server, count: int) -> None:
    """Store organisations one by one, then ask for the last one from four askers at once."""
    written = [one for one, _ in GeneratedCorpus(count, prefix="p").organisations()]
    start = time.perf_counter()
    for organisation in written:
        body = json.dumps(organisation_body(organisation)).encode()
        answer = server.ask(Request(f"/api/v1/organisations/{organisation.id}", body, "PUT"))
        assert answer.status in (200, 201), answer.body[:500]
    seconds = time.perf_counter() - start
    last = written[-1]
    with ThreadPoolExecutor(ASKERS) as pool:
        answers = list(pool.map(server.ask, islice(about(last), ASKERS)))
    found = sum(finds(answer.body, last) for answer in answers)
    print(
        f"{count} PUTs in {seconds:.1f} s; {ASKERS} questions then, slowest "
        f"{max(answer.seconds for answer in answers):.3f} s, {found} find the last one"
    )


def about(organisation: Organisation) -> Iterator[Request]:
    """Yield questions about an organisation's offer, no two alike."""
    for number in range(10**6):
        yield to_service(GeneratedQuestion(f"{organisation.offers[0].text}, {number}"))


def finds(body: bytes, organisation: Organisation) -> bool:
    """Return whether an answer names an organisation."""
    return any(
        result["organisation"]["id"] == organisation.id for result in json.loads(body)["results"]
    )


def imported(
    server: Server,
    corpus: GeneratedCorpus,
    texts: Iterator[GeneratedQuestion],
    name: str,
    run: Callable[[], object],
) -> None:
    """Import a corpus while questions are asked, and print how long they took."""
    last, _ = corpus.organisation(corpus.size - 1)
    search = about(last)
    cpu, start = server.cpu_seconds(), time.perf_counter()
    asked = {"question": map(to_service, texts), "/health/live": repeat(LIVE)}
    with Probes(server.ask, EVERY, asked) as probes:
        run()
        ended = time.perf_counter()
        while not finds(server.ask(next(search)).body, last):
            assert time.perf_counter() - ended < _FOUND_TIMEOUT, "the import is never found"
            time.sleep(EVERY)
        found = time.perf_counter()
    print(
        f"{name}: {ended - start:.1f} s, its last organisation found {found - ended:.1f} s later; "
        f"the workers used {server.cpu_seconds() - cpu:.1f} CPU s"
    )
    table(PROBE_HEADS, probes.rows())


def import_by_page(server: Server, table_file: Path) -> None:
    """Upload a table on the import page, confirm what it would change, wait until that is done."""
    browser = requests.Session()
    browser.headers["Accept-Language"] = "en"
    sign_in(browser, server.address)
    form = browser.get(f"{server.address}/import").text
    with table_file.open("rb") as file:
        sent = {"csrf_token": _token(form)}
        browser.post(f"{server.address}/import", data=sent, files={"file": file}).raise_for_status()
    found = re.search(r"/import/[0-9a-f]{32}", browser.get(f"{server.address}/import").text)
    assert found is not None
    address = f"{server.address}{found[0]}"
    page = _waited(browser, address, "To be confirmed")
    sent = {"csrf_token": _token(page)}
    browser.post(f"{address}/confirm", data=sent).raise_for_status()
    _waited(browser, address, "Imported")


def restart(homes: Homes, home: Path) -> None:
    """Start the service again, and print how long that took and what it embedded."""
    store = Store(read_settings(service_environment(home, **homes.environ)).database_url)
    before = store.corpus_version()
    stored = embedding_count(store)
    start = time.perf_counter()
    with service(home, **homes.environ) as server:
        ready = time.perf_counter() - start
        cpu = server.cpu_seconds()
        assert server.json("/health/ready")["corpus_version"] == before
    added = embedding_count(store) - stored
    print(f"restarted: ready after {ready:.1f} s, {cpu:.1f} CPU s; texts embedded again: {added}")
    store.dispose()


def embedding_count(store: Store) -> int:
    """Return how many embeddings the store holds."""
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(EmbeddingRow)) or 0


def _waited(browser: requests.Session, address: str, state: str) -> str:
    """Return the page of an import once it has a state."""
    deadline = time.monotonic() + _FOUND_TIMEOUT
    while time.monotonic() < deadline:
        page = browser.get(address).text
        if f'<span class="badge">{state}</span>' in page:
            return page
        time.sleep(EVERY)
    raise RuntimeError(f"the import is never {state!r}:\n{page}")


def _token(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]


if __name__ == "__main__":
    main()
