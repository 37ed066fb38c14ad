"""The embedded default encoder: three views side by side; fitted, nothing to download.

Each text has three views in one vector: `embeddings.lexical` (latent semantic analysis),
`embeddings.word_vectors` (a small shipped table of what words mean) and `embeddings.sentence` (a
small multilingual network that comes in a package). All count equally in the similarity of two
vectors; whoever votes by each view alone finds the columns in `views`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np

from embeddings.embedding_store import NONE_KEPT, EmbeddingStore
from embeddings.lexical import LsaConfig, Wording
from embeddings.lexicon import Lexicon, LexiconError, lexicon_from, saved_lexicon, shipped_lexicon
from embeddings.port import EncoderError, Progress, View
from embeddings.sentence import Sentences
from embeddings.whitening import Floats
from embeddings.word_vectors import Meaning

__all__ = ["LsaConfig", "LsaEncoder", "sample"]

_BACKGROUND = Path(__file__).parent / "background.txt"
_MANIFEST = "encoder.json"
_LEXICON = "lexicon.json"
_MAX_TEXT_LENGTH = 20_000


class LsaEncoder:
    """The default encoder; see `embeddings.port.Encoder` for what it promises."""

    name = "lsa"

    def __init__(self, wording: Wording, meaning: Meaning, sentences: Sentences) -> None:
        self._wording = wording
        self._meaning = meaning
        self._sentences = sentences
        self.config = wording.config
        self.fingerprint = self._fingerprint()

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        config: LsaConfig | None = None,
        progress: Progress | None = None,
        lexicon: Lexicon | None = None,
        embedding_store: EmbeddingStore = NONE_KEPT,
    ) -> LsaEncoder:
        """Learn from `texts` (any number, none too), with the shipped lexicon or a given one.

        With `readings`, no network reads a text that is kept there, now or when it encodes.
        """
        config = config or LsaConfig()
        report = progress or (lambda stage, fraction: None)
        lexicon = lexicon or shipped_lexicon()
        learned = sample([text[:_MAX_TEXT_LENGTH] for text in texts], config.sample)
        if len(learned) < config.background_below:
            learned = learned + _BACKGROUND.read_text(encoding="utf-8").split("\n")
        learned = [text for text in learned if text.strip()]
        wording = Wording.fit(learned, config, lexicon, report)
        report("meaning", 0.0)
        meaning = Meaning.fit(learned, lexicon, config.meaning_softness)
        report("meaning", 1.0)
        report("sentences", 0.0)
        read = sample(learned, config.read)
        sentences = Sentences.fit(read, config.sentences_softness, embedding_store)
        report("sentences", 1.0)
        return cls(wording, meaning, sentences)

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return self.views[-1].end

    @property
    def lexicon(self) -> Lexicon:
        """The concepts that it finds in texts."""
        return self._meaning.lexicon

    @property
    def views(self) -> tuple[View, ...]:
        """The columns of the wording, of the meaning and of the sentences."""
        worded = self._wording.dim
        meant = worded + self._meaning.dim
        said = meant + self._sentences.dim
        return (
            View("wording", 0, worded),
            View("meaning", worded, meant),
            View("sentences", meant, said),
        )

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return rows (n, dim), zeros where there is no content word.

        The wording has the squared length 1/3; the meaning as much for a text that it understands
        in full, and less for others, down to nothing. Sentences, which find something in any
        letters, are read only where one of the two knows a word.
        """
        cut = [text[:_MAX_TEXT_LENGTH] for text in texts]
        wording = self._wording.encode(cut)
        meaning = self._meaning.encode(cut)
        meaning[~wording.any(axis=1)] = 0.0
        sentences = np.zeros((len(cut), self._sentences.dim), dtype=np.float32)
        known = np.flatnonzero(self._wording.knows(wording) | meaning.any(axis=1))
        sentences[known] = self._sentences.encode([cut[place] for place in known])
        views = [wording, meaning, sentences]
        rows: Floats = np.concatenate(views, axis=1) * np.float32(np.sqrt(1 / len(views)))
        return rows

    def save(self, folder: Path) -> None:
        """Write the encoder as JSON and .npy files into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._wording.save(folder)
        self._meaning.save(folder)
        self._sentences.save(folder)
        lexicon = json.dumps(saved_lexicon(self._meaning.lexicon))
        (folder / _LEXICON).write_text(lexicon, encoding="utf-8")
        manifest = {
            "kind": self.name,
            "config": asdict(self.config),
            "fingerprint": self.fingerprint,
        }
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> LsaEncoder:
        """Read what `save` wrote. Raises EncoderError where it cannot be read or was changed."""
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            settings = manifest["config"]
            settings["character_range"] = tuple(settings["character_range"])
            config = LsaConfig(**settings)
            lexicon = _lexicon((folder / _LEXICON).read_text(encoding="utf-8"))
            wording = Wording.load(folder, config, lexicon)
            encoder = cls(wording, Meaning.load(folder, lexicon), Sentences.load(folder))
        except (
            OSError,
            EOFError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            LexiconError,
        ) as error:
            raise EncoderError(f"{folder.name}: the encoder there can't be read") from error
        if encoder.fingerprint != manifest["fingerprint"]:
            raise EncoderError(f"{folder.name}: the encoder there is damaged")
        return encoder

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        self._wording.update(digest)
        self._meaning.update(digest)
        self._sentences.update(digest)
        return f"lsa-{digest.hexdigest()[:16]}"


@lru_cache(maxsize=2)
def _lexicon(saved: str) -> Lexicon:
    """Return a saved lexicon; generations mostly share one, so the last ones are kept."""
    return lexicon_from(json.loads(saved))


def sample(texts: list[str], most: int) -> list[str]:
    """Return the texts, or so many of them, evenly spread."""
    if len(texts) <= most:
        return texts
    places = np.linspace(0, len(texts) - 1, most).astype(int)
    return [texts[place] for place in places]
