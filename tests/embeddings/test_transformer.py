from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save_model
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from embeddings import onnx_model
from embeddings.port import EncoderError
from embeddings.registry import fit_encoder, load_encoder
from embeddings.tools.convert import convert
from embeddings.transformer import TransformerEncoder

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
LETTERS = list("abcdefghijklmnopqrstuvwxyz")
VOCABULARY = [*SPECIAL, "films", "starch", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
DIM = 16
TABLE = np.random.default_rng(7).normal(size=(len(VOCABULARY), DIM)).astype(np.float32)
WEIGHT = np.random.default_rng(8).normal(size=(DIM, DIM)).astype(np.float32)
MINILM = os.environ.get("SCHAKEL_TEST_MINILM", "")


def write_graph(path: Path, output: str = "last_hidden_state", extra_input: str = "") -> None:
    """Write a graph that looks each token up and multiplies it by a matrix."""
    names = ["input_ids", "attention_mask", *([extra_input] if extra_input else [])]
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "n"]) for n in names]
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["looked_up"]),
            helper.make_node("MatMul", ["looked_up", "weight"], ["product"]),
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
            helper.make_node("Mul", ["product", "column"], [output]),
        ],
        "tiny",
        inputs,
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", "n", DIM])],
        [
            numpy_helper.from_array(TABLE, "table"),
            numpy_helper.from_array(WEIGHT, "weight"),
            numpy_helper.from_array(np.array([-1], dtype=np.int64), "last"),
        ],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    opset = [helper.make_opsetid("", 17)]
    save_model(helper.make_model(graph, opset_imports=opset, ir_version=8), str(path))


def write_source(folder: Path, pooling: str = "mean", **limits: Any) -> Path:
    """Write a sentence-transformers folder as version 2 did, with a tiny graph; returns it."""
    write_graph(folder / "onnx" / "model.onnx")
    vocabulary = {token: number for number, token in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.enable_padding(length=32)  # as in published folders; to be ignored
    tokenizer.save(str(folder / "tokenizer.json"))
    kinds = ["Transformer", "Pooling", "Normalize"]
    modules = [
        {"idx": n, "path": f"{n}_{kind}" if n else "", "type": f"sentence.models.{kind}"}
        for n, kind in enumerate(kinds)
    ]
    write_json(folder / "modules.json", modules)
    flags = {"cls": "cls_token", "mean": "mean_tokens", "max": "max_tokens"}
    chosen = {f"pooling_mode_{flag}": name == pooling for name, flag in flags.items()}
    write_json(folder / "1_Pooling" / "config.json", chosen)
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 24, **limits})
    return folder


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def tokens_of(*numbers: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return what the graph gives for these tokens, (tokens, DIM)."""
    return TABLE[list(numbers)].astype(np.float64) @ WEIGHT.astype(np.float64)


def unit(row: Any) -> Any:
    return row / np.linalg.norm(row)


def exit_status(code: str, *arguments: str, environ: dict[str, str] | None = None) -> int:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, timeout=60, check=False, env=environ).returncode


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_source(tmp_path / "source")


@pytest.fixture
def converted(source: Path, tmp_path: Path) -> Path:
    convert(source, tmp_path / "converted")
    return tmp_path / "converted"


CLS, SEP, FILMS, STARCH = 2, 3, 4, 5


@pytest.mark.parametrize(
    ("pooling", "pooled"),
    [
        ("mean", lambda tokens: tokens.mean(axis=0)),
        ("max", lambda tokens: tokens.max(axis=0)),
        ("cls", lambda tokens: tokens[0]),
    ],
)
def test_poolings_are_as_known_by_hand(pooling: str, pooled: Any, tmp_path: Path) -> None:
    convert(write_source(tmp_path / "source", pooling), tmp_path / "converted")
    rows = (
        TransformerEncoder.load(tmp_path / "converted").raw_encoders[0].encode_raw(["starch films"])
    )
    expected = unit(pooled(tokens_of(CLS, STARCH, FILMS, SEP)))
    assert rows[0] == pytest.approx(expected, abs=1e-6)


def test_long_texts_are_cut_between_the_special_tokens(tmp_path: Path) -> None:
    convert(write_source(tmp_path / "source", max_seq_length=4), tmp_path / "converted")
    encoder = TransformerEncoder.load(tmp_path / "converted")
    rows = encoder.raw_encoders[0].encode_raw(["starch films starch starch", "starch films"])
    assert (rows[0] == rows[1]).all()
    assert rows[0] == pytest.approx(unit(tokens_of(CLS, STARCH, FILMS, SEP).mean(axis=0)), abs=1e-6)


def test_texts_of_unknown_words_only_are_zeros(converted: Path) -> None:
    rows = TransformerEncoder.load(converted).raw_encoders[0].encode_raw(["пленка", "пленка films"])
    assert not rows[0].any()
    assert rows[1] == pytest.approx(unit(tokens_of(CLS, 1, FILMS, SEP).mean(axis=0)), abs=1e-6)


def test_lower_case_is_made_where_the_model_wants_it(tmp_path: Path) -> None:
    for name, lower in (("kept", False), ("lowered", True)):
        source = write_source(tmp_path / f"{name} source", do_lower_case=lower)
        tokenizer = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
        write_json(source / "tokenizer.json", {**tokenizer, "normalizer": None})
        convert(source, tmp_path / name)
    kept, lowered = (TransformerEncoder.load(tmp_path / name) for name in ("kept", "lowered"))
    assert not kept.raw_encoders[0].encode_raw(["FILMS"]).any()
    assert (
        lowered.raw_encoders[0].encode_raw(["FILMS"]) == kept.raw_encoders[0].encode_raw(["films"])
    ).all()


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_damaged_files_are_noticed(converted: Path, name: str) -> None:
    whole = (converted / name).read_bytes()
    (converted / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(EncoderError, match="damaged.*encoder convert"):
        load_encoder(converted)
    (converted / name).unlink()
    with pytest.raises(EncoderError, match="no readable transformer.*encoder convert"):
        load_encoder(converted)


def test_a_manifest_reads_no_file_elsewhere(converted: Path) -> None:
    path = converted / "encoder.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["config"]["model"] = "../source/onnx/model.onnx"
    write_json(path, manifest)
    with pytest.raises(EncoderError, match="damaged"):
        load_encoder(converted)


def test_fingerprints_follow_graph_and_settings(converted: Path, tmp_path: Path) -> None:
    encoder = TransformerEncoder.load(converted)
    convert(write_source(tmp_path / "other", "max"), tmp_path / "max")
    convert(tmp_path / "source", tmp_path / "int8", int8=True)
    convert(tmp_path / "source", tmp_path / "again")
    prints = [TransformerEncoder.load(tmp_path / n).fingerprint for n in ("max", "int8", "again")]
    assert prints[2] == encoder.fingerprint
    assert len({encoder.fingerprint, *prints}) == 3


def test_a_saved_encoder_stands_by_itself(converted: Path, tmp_path: Path) -> None:
    encoder = TransformerEncoder.load(converted)
    expected = encoder.raw_encoders[0].encode_raw(["starch films"])
    encoder.save(converted)  # onto itself
    encoder.save(tmp_path / "saved")
    encoder.save(tmp_path / "saved")
    shutil.rmtree(converted)
    loaded = load_encoder(tmp_path / "saved")
    assert isinstance(loaded, TransformerEncoder)
    assert (loaded.raw_encoders[0].encode_raw(["starch films"]) == expected).all()
    with pytest.raises(EncoderError, match="model.onnx is gone"):
        encoder.save(tmp_path / "elsewhere")


def test_where_links_are_impossible_files_are_copied(
    converted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("another file system")

    monkeypatch.setattr(os, "link", refuse)
    encoder = TransformerEncoder.load(converted)
    encoder.save(tmp_path / "saved")
    assert not (tmp_path / "saved" / "model.onnx").samefile(converted / "model.onnx")
    assert load_encoder(tmp_path / "saved").fingerprint == encoder.fingerprint


def _encode_in_child(encoder: TransformerEncoder, results: Any) -> None:
    before = encoder._network.model._opened
    rows = encoder.raw_encoders[0].encode_raw(["starch films", "films"])
    results.put((rows, encoder._network.model._opened is not before))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_after_a_fork_the_graph_is_opened_anew(converted: Path) -> None:
    encoder = TransformerEncoder.load(converted)
    expected = encoder.raw_encoders[0].encode_raw(["starch films", "films"])
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    with onnx_model._opening:  # as if another thread were opening one just then
        child = context.Process(target=_encode_in_child, args=(encoder, results))
        child.start()
    rows, anew = results.get(timeout=30)
    child.join(30)
    assert child.exitcode == 0
    assert anew
    assert (rows == expected).all()
    results.close()
    results.join_thread()


def test_a_forked_child_ends_by_itself(converted: Path) -> None:
    """A worker that leaves by sys.exit takes down the session of its parent with it."""
    code = """if True:
        import os, sys
        from pathlib import Path
        from embeddings.registry import load_encoder
        network = load_encoder(Path(sys.argv[1])).raw_encoders[0]
        first = network.encode_raw(["films", "starch"])
        child = os.fork()
        if not child:
            sys.exit(0 if (network.encode_raw(["films", "starch"]) == first).all() else 3)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert exit_status(code, str(converted)) == 0


def test_nothing_is_sent_or_left_behind(converted: Path, tmp_path: Path) -> None:
    """Nothing of onnxruntime's sender of usage figures: no thread, no number of this machine."""
    home = tmp_path / "home"
    home.mkdir()
    code = """if True:
        import os, sys
        from pathlib import Path
        from embeddings.registry import load_encoder
        network = load_encoder(Path(sys.argv[1])).raw_encoders[0]
        before = len(os.listdir("/proc/self/task"))
        assert network.encode_raw(["films"]).any()  # one text: no thread of ours is just ending
        sys.exit(len(os.listdir("/proc/self/task")) - before)
    """
    environ = {**os.environ, "HOME": str(home)}
    for name in ("CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"):
        environ.pop(name, None)
    assert exit_status(code, str(converted), environ=environ) == 0
    assert list(home.rglob("*")) == []


def test_the_default_encoder_does_without_onnxruntime() -> None:
    code = (
        "import sys, embeddings.registry; "
        "sys.exit(any(name in sys.modules for name in ('onnxruntime', 'tokenizers', 'onnx')))"
    )
    assert exit_status(code) == 0


def test_int8_vectors_are_near_the_exact_ones(converted: Path, tmp_path: Path) -> None:
    convert(tmp_path / "source", tmp_path / "int8", int8=True)
    names = {path.name for path in (tmp_path / "int8").iterdir()}
    assert names == {"encoder.json", "model-int8.onnx", "tokenizer.json"}
    texts = ["starch films", "films", "a mix of fibres"]
    exact = TransformerEncoder.load(converted).raw_encoders[0].encode_raw(texts)
    rough = TransformerEncoder.load(tmp_path / "int8").raw_encoders[0].encode_raw(texts)
    assert (rough != exact).any()
    assert (rough * exact).sum(axis=1).min() > 0.99


def test_present_folders_are_read_too(source: Path, tmp_path: Path) -> None:
    """As version 5 and later write them: a named pooling, the limit in tokenizer_config.json."""
    write_json(source / "1_Pooling" / "config.json", {"pooling_mode": "max"})
    write_json(source / "sentence_bert_config.json", {"transformer_task": "feature-extraction"})
    write_json(source / "tokenizer_config.json", {"model_max_length": 7})
    write_json(source / "config.json", {"max_position_embeddings": 9})
    prompts = {"prompts": {"query": ""}, "default_prompt_name": None}
    write_json(source / "config_sentence_transformers.json", prompts)
    convert(source, tmp_path / "converted")
    config = TransformerEncoder.load(tmp_path / "converted").config
    assert (config.pooling, config.max_tokens, config.dim) == ("max", 7, DIM)
    assert config.unknown_token == VOCABULARY.index("[UNK]")


def _with_dense(source: Path) -> None:
    modules = json.loads((source / "modules.json").read_text(encoding="utf-8"))
    modules.insert(2, {"idx": 2, "path": "2_Dense", "type": "sentence_transformers.models.Dense"})
    write_json(source / "modules.json", modules)


def _with_two_poolings(source: Path) -> None:
    flags = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}
    write_json(source / "1_Pooling" / "config.json", flags)


def _with_prompt(source: Path) -> None:
    settings = {"prompts": {"query": "query: "}, "default_prompt_name": "query"}
    write_json(source / "config_sentence_transformers.json", settings)


def _with_path(source: Path, number: int, path: str) -> None:
    modules = json.loads((source / "modules.json").read_text(encoding="utf-8"))
    modules[number]["path"] = path
    write_json(source / "modules.json", modules)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("sentence_bert_config.json", [], "must hold a JSON object"),
        ("sentence_bert_config.json", None, "must hold a JSON object"),
        ("sentence_bert_config.json", {"max_seq_length": "x"}, "max_seq_length must be a number"),
        ("sentence_bert_config.json", {"max_seq_length": [1]}, "max_seq_length must be a number"),
        ("config_sentence_transformers.json", [], "must hold a JSON object"),
        ("1_Pooling/config.json", [], "must hold a JSON object"),
        ("1_Pooling/config.json", {"pooling_mode": None}, "pooling None can't be converted"),
        ("1_Pooling/config.json", {"pooling_mode": 5}, "pooling 5 can't be converted"),
        ("1_Pooling/config.json", {"pooling_mode": []}, "pooling of no kind can't be converted"),
        ("tokenizer.json", [], "must hold a JSON object"),
        ("tokenizer.json", {"model": None}, "its unknown token can't be told"),
        ("tokenizer.json", {"model": {"unk_id": "x"}}, "its unknown token can't be told"),
        ("tokenizer.json", {"model": {"unk_token": [], "vocab": {}}}, "unknown token can't be"),
    ],
)
def test_a_file_with_something_else_in_it_is_named(
    source: Path, tmp_path: Path, name: str, value: Any, message: str
) -> None:
    write_json(source / name, value)
    with pytest.raises(EncoderError, match=f"{name}.*{message}"):
        convert(source, tmp_path / "converted")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_with_dense, "Transformer, Pooling, Dense.*choose another model"),
        (_with_two_poolings, r"cls \+ mean can't be converted"),
        (_with_prompt, "prompt"),
        (lambda source: (source / "modules.json").unlink(), "no modules.json"),
        (lambda source: (source / "modules.json").write_text("["), "can't be read"),
        (
            lambda source: (source / "modules.json").write_text("[" * 100_000),
            "modules.json can't be read",
        ),
        (lambda source: _with_path(source, 0, "\0"), "no tokenizer.json"),
        (lambda source: _with_path(source, 1, "\0"), "config.json can't be read"),
        (lambda source: (source / "tokenizer.json").unlink(), "no tokenizer.json"),
        (lambda source: (source / "onnx" / "model.onnx").write_text("x"), "can't be opened"),
        (lambda source: write_graph(source / "onnx/model.onnx", "logits"), "gives logits"),
        (lambda source: write_graph(source / "onnx/model.onnx", extra_input="pixels"), "pixels"),
    ],
)
def test_what_cannot_be_converted_leaves_nothing(
    source: Path, tmp_path: Path, spoil: Any, message: str
) -> None:
    spoil(source)
    with pytest.raises(EncoderError, match=message):
        convert(source, tmp_path / "converted")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_targets_are_not_overwritten(source: Path, converted: Path) -> None:
    before = (converted / "encoder.json").read_bytes()
    with pytest.raises(EncoderError, match="there already"):
        convert(source, converted)
    assert (converted / "encoder.json").read_bytes() == before


@pytest.mark.parametrize("package", ["torch", "onnx"])
def test_missing_packages_are_named(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    if package == "torch":
        shutil.rmtree(source / "onnx")
        monkeypatch.setitem(sys.modules, "transformers", ModuleType("transformers"))
        monkeypatch.setitem(sys.modules, "onnxscript", ModuleType("onnxscript"))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EncoderError, match=f"{package} is needed: pip install {package}"):
        convert(source, tmp_path / "converted", int8=package == "onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_options_that_make_no_transformer() -> None:
    with pytest.raises(EncoderError, match="encoder convert SOURCE TARGET"):
        fit_encoder("transformer", [])


@pytest.mark.skipif(not MINILM, reason="SCHAKEL_TEST_MINILM names no sentence-transformers folder")
@pytest.mark.filterwarnings("ignore")  # those of torch while it exports
def test_a_real_model_knows_what_belongs_together(tmp_path: Path) -> None:
    if not (Path(MINILM) / "onnx").exists() and find_spec("torch") is None:
        pytest.skip("SCHAKEL_TEST_MINILM has no onnx/model.onnx, and torch is not installed")
    texts = [
        *("We make biodegradable packaging", "Compostable films from potato starch"),
        *("Software that plans the shifts of train drivers", "Timetables for railway crews"),
        *("A clinic that tests wound dressings", "Hospital trials of plasters for burns"),
    ]
    rows = {}
    for int8 in (False, True):
        convert(Path(MINILM), tmp_path / f"{int8}", int8=int8)
        rows[int8] = TransformerEncoder.load(tmp_path / f"{int8}").raw_encoders[0].encode_raw(texts)
        similarity_to = rows[int8] @ rows[int8].T
        related = similarity_to[::2, 1::2]
        apart = ~np.eye(3, dtype=bool)
        assert np.diag(related).min() > related[apart].max() + 0.1
    assert (rows[False] * rows[True]).sum(axis=1).min() > 0.95
