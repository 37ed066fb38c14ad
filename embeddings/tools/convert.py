"""Converts a sentence-transformers folder into one that `embeddings.transformer` runs.

The source folder is one that sentence-transformers wrote, with `modules.json`. Its graph
`onnx/model.onnx` is used if present. Otherwise the weights are exported, which needs torch and
transformers, but only on the machine that converts.
"""

from __future__ import annotations

import importlib
import inspect
import json
import secrets
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.onnx_model import (
    INPUTS,
    MODEL,
    MODEL_INT8,
    TransformerConfig,
    import_onnxruntime,
    open_session,
    open_tokenizer,
)
from embeddings.port import EncoderError
from embeddings.transformer import TOKENIZER, TransformerEncoder, file_digests, write_manifest

_OUTPUTS = ("last_hidden_state", "token_embeddings")
_POOLINGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
}
_DEFAULT_MAX_TOKENS = 512
_MAX_DIFFERENCE = 1e-3
_PROBES = (
    "Polymers.",
    "A converted model must say of a long sentence, with commas, just what the original says.",
)
_EXPORT = "pip install torch transformers onnx onnxscript"
_QUANTISE = "pip install onnx"


def convert(source: Path, target: Path, *, int8: bool = False) -> None:
    """Convert the sentence-transformers folder `source` into the new folder `target`.

    With `int8` the graph has a quarter of the size and is about twice as fast; the vectors turn
    a little (with MiniLM to a cosine of 0.98 or more with the float ones). The
    files are written to a hidden folder beside `target`, which is renamed once a test has passed
    and removed where anything fails.

    Raises EncoderError where `target` exists, `source` isn't a sentence transformer that can be
    run, a package is missing, or the result differs from the original.
    """
    if target.exists():
        raise EncoderError(f"{target.name} is there already; remove it or name another folder")
    settings = _read_source(source)
    building = target.parent / f".{target.name}-{secrets.token_hex(4)}"
    building.mkdir(parents=True)
    try:
        shutil.copyfile(source / TOKENIZER, building / TOKENIZER)
        graph = building / MODEL
        if (source / "onnx" / MODEL).is_file():
            shutil.copyfile(source / "onnx" / MODEL, graph)
        else:
            _export(source, graph)
        if int8:
            _quantise(graph, building / MODEL_INT8)
            graph.unlink()
            graph = building / MODEL_INT8
        config = _config(graph, settings)
        write_manifest(building, config, file_digests(building, config))
        if not TransformerEncoder.load(building).encode(_PROBES).any():
            raise EncoderError(
                f"{source.name} knows no word of a plain sentence; try another model"
            )
        building.rename(target)
    except OSError as error:
        raise EncoderError(f"{source.name} can't be converted: {error}") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _read_source(source: Path) -> dict[str, Any]:
    """Return the fields of TransformerConfig that are in the folder's JSON files.

    Raises EncoderError for a folder of another kind and for modules that can't be converted.
    """
    modules = _json(source / "modules.json")
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise EncoderError(f"{source.name} is no sentence transformer: it has no modules.json")
    kinds = [str(module.get("type")).rpartition(".")[2] for module in modules]
    if kinds[:2] != ["Transformer", "Pooling"] or kinds[2:] not in ([], ["Normalize"]):
        raise EncoderError(
            f"{source.name} consists of {', '.join(kinds)}; only Transformer, Pooling and perhaps "
            "Normalize can be converted: choose another model"
        )
    inner = Path(str(modules[0].get("path", "")))
    if inner.parts or not (source / TOKENIZER).is_file():
        raise EncoderError(
            f"{source.name} has no tokenizer.json; save the model anew with a present version of "
            "sentence-transformers"
        )
    prompts = _fields(source / "config_sentence_transformers.json")
    if prompts.get("default_prompt_name"):
        raise EncoderError(f"{source.name} puts a prompt before texts, which can't be converted")
    limits = _fields(source / "sentence_bert_config.json")
    return {
        "pooling": _pooling(source / str(modules[1].get("path"))),
        "max_tokens": _max_tokens(source),
        "lower_case": bool(limits.get("do_lower_case")),
        "unknown_token": _unknown_token(source / TOKENIZER),
    }


def _pooling(folder: Path) -> str:
    """Return the pooling, from its present setting or the flags of older versions."""
    settings = _fields(folder / "config.json")
    flags = [name for name, on in settings.items() if name.startswith("pooling_mode_") and on]
    named = settings.get("pooling_mode", [_POOLINGS.get(flag, flag) for flag in flags])
    names = named if isinstance(named, list) else [named]
    if len(names) != 1 or names[0] not in _POOLINGS.values():
        pooling = " + ".join(map(str, names)) or "of no kind"
        raise EncoderError(
            f"{_named(folder / 'config.json')}: the pooling {pooling} can't be converted; "
            f"it can be one of: {', '.join(_POOLINGS.values())}"
        )
    return str(names[0])


def _max_tokens(source: Path) -> int:
    """Return the maximum number of tokens, determined as sentence-transformers does."""
    given = _number(source / "sentence_bert_config.json", "max_seq_length")
    if given is None:
        positions = _number(source / "config.json", "max_position_embeddings")
        longest = _number(source / "tokenizer_config.json", "model_max_length")
        given = min(limit or _DEFAULT_MAX_TOKENS for limit in (positions, longest))
    return given


def _number(path: Path, name: str) -> int | None:
    """Return a number in a JSON file, None if missing. Raises EncoderError for other values."""
    found = _fields(path).get(name)
    try:
        return None if found is None else int(found)
    except (TypeError, ValueError, OverflowError) as error:
        raise EncoderError(f"{_named(path)}: {name} must be a number") from error


def _unknown_token(path: Path) -> int | None:
    """Return the id of the tokenizer's unknown token, None where it has none."""
    model = _fields(path).get("model", {})
    try:
        if "unk_id" in model:
            return None if model["unk_id"] is None else int(model["unk_id"])
        vocabulary, token = model.get("vocab", {}), model.get("unk_token")
        known = isinstance(vocabulary, dict) and token in vocabulary
        return int(vocabulary[token]) if known else None
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise EncoderError(f"{_named(path)}: its unknown token can't be told") from error


def _config(graph: Path, settings: dict[str, Any]) -> TransformerConfig:
    """Inspect the graph's inputs and outputs. Raises EncoderError for unsupported ones."""
    session = open_session(graph)
    for tensor in session.get_inputs():
        if tensor.name not in INPUTS or tensor.type != "tensor(int64)":
            raise EncoderError(
                f"the graph wants {tensor.name} ({tensor.type}), which nothing can give it"
            )
    outputs = [tensor.name for tensor in session.get_outputs()]
    name = next((name for name in _OUTPUTS if name in outputs), None)
    if name is None:
        raise EncoderError(f"the graph gives {', '.join(outputs)}, not {' or '.join(_OUTPUTS)}")
    two_tokens = {tensor.name: np.ones((1, 2), dtype=np.int64) for tensor in session.get_inputs()}
    try:
        shape = session.run([name], two_tokens)[0].shape
    except Exception as error:  # onnxruntime's errors have no base class of their own
        raise EncoderError(f"the graph can't run: {error}") from error
    if len(shape) != 3 or shape[:2] != (1, 2):
        raise EncoderError(f"the graph gives {name} of shape {shape}, not (batch, tokens, dim)")
    return TransformerConfig(model=graph.name, output=name, dim=shape[2], **settings)


def _quantise(graph: Path, target: Path) -> None:
    """Write the graph with int8 weights and a scale per column.

    Only 7 bits are used: with 8, sums of products overflow on processors without VNNI.
    """
    import_onnxruntime()
    _import("onnx", "to int8", _QUANTISE)
    quantization = _import("onnxruntime.quantization", "to int8", _QUANTISE)
    inference = _import("onnxruntime.quantization.shape_inference", "to int8", _QUANTISE)
    shaped = target.with_suffix(".shaped")
    try:
        inference.quant_pre_process(
            str(graph), str(shaped), skip_optimization=True, skip_symbolic_shape=True
        )
        quantization.quantize_dynamic(
            str(shaped),
            str(target),
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
        )
    except Exception as error:  # onnx has no base class for its errors
        raise EncoderError(f"the graph can't be made int8: {error}") from error
    finally:
        shaped.unlink(missing_ok=True)


def _export(source: Path, graph: Path) -> None:
    """Write the transformer of `source` as an ONNX graph and compare the two."""
    for name in ("transformers", "onnx", "onnxscript"):
        _import(name, "a model without onnx/model.onnx", _EXPORT)
    torch = _import("torch", "a model without onnx/model.onnx", _EXPORT)
    model, names = _torch_model(source)
    example = {name: torch.ones((2, 16), dtype=torch.int64) for name in names}
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens")}
    try:
        torch.onnx.export(
            model,
            kwargs=example,
            f=str(graph),
            input_names=names,
            output_names=[_OUTPUTS[0]],
            dynamic_shapes=dict.fromkeys(names, axes),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    except Exception as error:  # torch has no base class for export errors
        raise EncoderError(f"{source.name} can't be exported by torch: {error}") from error
    _compare(source, graph, model, names)


def _compare(source: Path, graph: Path, model: Any, names: list[str]) -> None:
    """Raise EncoderError where the exported graph differs from the torch model."""
    torch = _import("torch", "a model without onnx/model.onnx", _EXPORT)
    session = open_session(graph)
    tokenizer = open_tokenizer(source / TOKENIZER, _DEFAULT_MAX_TOKENS)
    for probe in _PROBES:  # of two lengths, to detect a length fixed by the export
        tokens = tokenizer.encode(probe)
        values = dict(
            zip(INPUTS, (tokens.ids, tokens.attention_mask, tokens.type_ids), strict=True)
        )
        feeds = {name: np.array([values[name]], dtype=np.int64) for name in names}
        with torch.no_grad():
            original = model(**{name: torch.from_numpy(array) for name, array in feeds.items()})[0]
        difference = np.abs(session.run([_OUTPUTS[0]], feeds)[0] - original.numpy()).max()
        if not difference < _MAX_DIFFERENCE:
            raise EncoderError(f"{source.name}: the exported graph differs by {difference:.1g}")


def _torch_model(source: Path) -> tuple[Any, list[str]]:
    """Return the transformer in `source` and the names of the inputs that it needs."""
    transformers = _import("transformers", "a model without onnx/model.onnx", _EXPORT)
    try:
        model = transformers.AutoModel.from_pretrained(
            str(source), local_files_only=True, attn_implementation="eager"
        )
    except Exception as error:  # each model raises errors of its own
        raise EncoderError(f"{source.name} can't be opened by transformers: {error}") from error
    known = inspect.signature(model.forward).parameters
    names = [name for name in INPUTS if name in known]
    if getattr(model.config, "type_vocab_size", 0) < 2 and INPUTS[2] in names:
        names.remove(INPUTS[2])
    return model.float().eval(), names


def _import(package: str, purpose: str, command: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise EncoderError(f"to convert {purpose}, {package} is needed: {command}") from error


def _json(path: Path) -> Any:
    """Return the content of a JSON file, {} if missing. Raises EncoderError for bad JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise EncoderError(f"{_named(path)} can't be read") from error


def _fields(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file. Raises EncoderError for anything but an object."""
    found = _json(path)
    if not isinstance(found, dict):
        raise EncoderError(f"{_named(path)} can't be used: it must hold a JSON object")
    return found


def _named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
