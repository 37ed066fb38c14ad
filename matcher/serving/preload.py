"""What the workers share: loaded once, in the process that they are forked from.

Pages of memory that nobody writes to are there once for all workers. What a fork would break isn't
loaded here: connections, sessions of ONNX, the index, threads.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module

from matcher.threads import limit_libraries_to_load


def preload() -> None:
    """Import the application with its pages, and load the weights that come in packages.

    Exits, with the reason, where the settings or the models can't be used.
    """
    limit_libraries_to_load()
    import_module("app").app.complete()
    port = import_module("embeddings.port")  # not above: it loads numpy
    language = import_module("embeddings.language")
    sentence_encoders = import_module("embeddings.sentence_encoders")
    language.detect_language("Een zin van enkele woorden.")
    try:
        sentence_encoders.check_files()
        sentence_encoders.encode_multilingual(["Een zin."])
    except port.EncoderError as error:
        sys.exit(f"Schakel can't start: {error}")
    gc.collect()
    gc.freeze()  # the collector would write to each object
