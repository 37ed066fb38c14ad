from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from embeddings.embedding_store import NO_STORE, MemoryStore, embed, missing_texts, text_key
from embeddings.whitening import Floats

TEXTS = ["one", "two", "one", "", "drie"]


class Network:
    """Records the texts it encodes."""

    dim = 3
    is_local = True

    def __init__(self, fingerprint: str = "network-1") -> None:
        self.fingerprint = fingerprint
        self.batches: list[list[str]] = []

    def encode_raw(self, texts: Sequence[str]) -> Floats:
        self.batches.append(list(texts))
        rows = [[len(text), len(text) / 3, sum(map(ord, text))] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), self.dim)


def test_all_new_texts_are_encoded_in_one_batch_and_once() -> None:
    store, network = MemoryStore(), Network()
    first = embed(network, TEXTS, store)
    again = embed(network, [*TEXTS, "vier"], store)
    assert network.batches == [["one", "two", "", "drie"], ["vier"]]
    assert (first[0] == first[2]).all() and (again[:5] == first).all()
    assert first.dtype == np.float32 and first.shape == (5, 3)
    assert embed(network, [], store).shape == (0, 3)


def test_rows_are_rounded_at_once_so_that_a_restart_changes_nothing() -> None:
    store, network = MemoryStore(), Network()
    computed = embed(network, ["four"], store)
    assert computed[0, 1] == np.float32(np.float16(4 / 3)) != np.float32(4 / 3)
    assert (embed(network, ["four"], store) == computed).all()
    assert (embed(network, ["four"], NO_STORE) == computed).all()


def test_without_a_store_every_text_is_encoded() -> None:
    network = Network()
    for _ in range(2):
        embed(network, ["one"], NO_STORE)
    assert network.batches == [["one"], ["one"]]


def test_networks_are_told_apart_and_rows_of_another_size_are_not_used() -> None:
    store, network, other = MemoryStore(), Network(), Network("network-2")
    embed(network, ["one"], store)
    embed(other, ["one"], store)
    assert network.batches == other.batches == [["one"]]
    store.put(network.fingerprint, {text_key("two"): np.ones(2, dtype=np.float16)})
    assert embed(network, ["two"], store)[0, 0] == 3


def test_what_is_missing_is_known_by_key() -> None:
    store, network = MemoryStore(), Network()
    embed(network, ["one"], store)
    assert missing_texts(network, TEXTS, store) == {
        text_key(text): text for text in ("two", "", "drie")
    }
    assert len(text_key("one")) == 16
    assert text_key("a\ud800") != text_key("a")


def test_a_store_with_a_limit_forgets_what_was_asked_for_least_recently() -> None:
    store, network = MemoryStore(limit=2), Network()
    for text in ("one", "two", "one", "three", "one", "two"):
        embed(network, [text], store)
    assert [batch[0] for batch in network.batches] == ["one", "two", "three", "two"]
    assert len(store) == 2


@pytest.mark.parametrize("limit", [0, 3])
def test_more_rows_than_fit_do_no_harm(limit: int) -> None:
    network = Network()
    rows = embed(network, list("abcdef"), MemoryStore(limit))
    assert rows[:, 2].tolist() == [float(ord(letter)) for letter in "abcdef"]
