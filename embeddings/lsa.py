"""Latent semantic analysis over words and character n-grams: fitted on the corpus, no download.

TF-IDF with logarithmic term counts over words and over character n-grams within words, side by
side, then a truncated singular value decomposition (Deerwester et al., 1990, Indexing by Latent
Semantic Analysis). The n-grams carry inflections, compounds and related words across languages.

Words that came after the fit have no place in that space, so they go into a block of their own,
hashed with signs (Weinberger et al., 2009, Feature Hashing): a profile with a new word is found
by that word at once, and texts of known words keep zeros there.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from embeddings.port import EncoderError, Progress
from embeddings.stopwords import GENERIC_WORDS, STOP_WORDS

_BACKGROUND = Path(__file__).parent / "background.txt"
_MANIFEST = "encoder.json"
_LONGEST_TEXT = 20_000
_BATCH = 2_048


@dataclass(frozen=True, slots=True)
class LsaConfig:
    """The constants of the encoder; docs/quality.md says how they were chosen."""

    dimensions: int = 400
    character_share: float = 0.5
    """Share of the squared length that character n-grams get; the rest is words'."""
    character_range: tuple[int, int] = (3, 5)
    word_features: int = 120_000
    character_features: int = 180_000
    sample: int = 30_000
    """At most so many texts, evenly spread, are fitted on."""
    background_below: int = 500
    """With fewer texts than this the shipped background sentences are fitted on too."""
    new_word_dimensions: int = 256
    seed: int = 7


class LsaEncoder:
    """The default encoder; see `embeddings.port.Encoder` for what it promises."""

    name = "lsa"

    def __init__(
        self,
        config: LsaConfig,
        words: dict[str, int],
        word_idf: NDArray[np.float32],
        characters: dict[str, int],
        character_idf: NDArray[np.float32],
        components: NDArray[np.float32],
    ) -> None:
        """Take what `fit` or `load` found; `components` is (features, dim) float32."""
        self.config = config
        self._vocabularies = (words, characters)
        self._idf = (word_idf, character_idf)
        self._components = components
        self._split = _word_vectorizer(config).build_analyzer()
        self._vectorizers = (
            _ready(_word_vectorizer(config, words), word_idf),
            _ready(_character_vectorizer(config, characters), character_idf),
        )
        self.fingerprint = self._fingerprint()

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        config: LsaConfig | None = None,
        progress: Progress | None = None,
    ) -> LsaEncoder:
        """Learn vocabulary, weights and components from `texts` (any number, none too)."""
        config = config or LsaConfig()
        report = progress or (lambda stage, fraction: None)
        learned = _sample([text[:_LONGEST_TEXT] for text in texts], config.sample)
        if len(learned) < config.background_below:
            learned = learned + _BACKGROUND.read_text(encoding="utf-8").split("\n")
        learned = [text for text in learned if text.strip()]
        report("vocabulary", 0.0)
        large = len(learned) > config.background_below
        word = _word_vectorizer(config, least=2 if len(learned) > 5_000 else 1).fit(learned)
        report("vocabulary", 0.3)
        character = _character_vectorizer(config, least=2 if large else 1).fit(learned)
        report("vocabulary", 1.0)
        idf = tuple(np.asarray(one.idf_, dtype=np.float32) for one in (word, character))
        features = _weighted(config, word.transform(learned), character.transform(learned))
        report("components", 0.0)
        components = _components(features, config)
        report("components", 1.0)
        return cls(
            config,
            _plain(word.vocabulary_),
            idf[0],
            _plain(character.vocabulary_),
            idf[1],
            components,
        )

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return int(self._components.shape[1]) + self.config.new_word_dimensions

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return rows (n, dim) float32 of length 1, zeros where there is no content word."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            part = [text[:_LONGEST_TEXT] for text in texts[start : start + _BATCH]]
            word, character = (one.transform(part) for one in self._vectorizers)
            rows = _weighted(self.config, word, character) @ self._components
            lengths = np.linalg.norm(rows, axis=1)
            for place, text in enumerate(part):
                known = lengths[place] > 1e-9 and self._understands(text)
                latent = rows[place] / lengths[place] if known else np.zeros_like(rows[place])
                vectors[start + place] = self._with_new_words(text, latent)
        return vectors

    def _with_new_words(self, text: str, latent: NDArray[np.float32]) -> NDArray[np.float32]:
        """Append the block of new words to a latent row; each has its share of the length."""
        words = [word for word in self._split(text) if len(word) >= 4 and word.isalpha()]
        words = [word for word in words if word not in GENERIC_WORDS]
        new = {word for word in words if word not in self._vocabularies[0]}
        block = np.zeros(self.config.new_word_dimensions, dtype=np.float32)
        for word in sorted(new):
            for part in (word, *(word[i : i + 5] for i in range(len(word) - 4))):
                code = zlib.crc32(part.encode())
                block[code % len(block)] += 1.0 if code & 0x80000000 else -1.0
        length = np.linalg.norm(block)
        share = len(new) / len(words) if length > 0 else 0.0
        if latent.any():
            share = min(share, 0.5)  # a compound of known parts keeps what they say
        if share:
            block *= np.float32(np.sqrt(share)) / length
        return np.concatenate([latent * np.float32(np.sqrt(1 - share)), block])

    def save(self, folder: Path) -> None:
        """Write the encoder as JSON and .npy files into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, vocabulary in zip(("words", "characters"), self._vocabularies, strict=True):
            ordered = sorted(vocabulary, key=vocabulary.__getitem__)
            (folder / f"{name}.json").write_text(json.dumps(ordered), encoding="utf-8")
        np.save(folder / "word_idf.npy", self._idf[0], allow_pickle=False)
        np.save(folder / "character_idf.npy", self._idf[1], allow_pickle=False)
        np.save(folder / "components.npy", self._components, allow_pickle=False)
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
            encoder = cls(
                LsaConfig(**settings),
                _numbered(json.loads((folder / "words.json").read_text(encoding="utf-8"))),
                np.load(folder / "word_idf.npy", allow_pickle=False),
                _numbered(json.loads((folder / "characters.json").read_text(encoding="utf-8"))),
                np.load(folder / "character_idf.npy", allow_pickle=False),
                np.load(folder / "components.npy", mmap_mode="r", allow_pickle=False),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EncoderError(f"{folder.name}: the encoder there can't be read") from error
        if encoder.fingerprint != manifest["fingerprint"]:
            raise EncoderError(f"{folder.name}: the encoder there is damaged")
        return encoder

    def _understands(self, text: str) -> bool:
        """Whether a content word is known, or enough n-grams of a long word are."""
        words, characters = self._vocabularies
        shortest = max(4, self.config.character_range[0])
        longest = self.config.character_range[1]
        for word in self._split(text):
            if word in GENERIC_WORDS or word.isdigit():
                continue
            if word in words:
                return True
            if len(word) < 6:
                continue
            parts = [
                word[i : i + size]
                for size in range(shortest, longest + 1)
                for i in range(len(word) - size + 1)
            ]
            if sum(part in characters for part in parts) >= 0.3 * len(parts):
                return True
        return False

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(json.dumps(asdict(self.config), sort_keys=True).encode())
        for vocabulary in self._vocabularies:
            digest.update("\0".join(sorted(vocabulary, key=vocabulary.__getitem__)).encode())
        for array in (*self._idf, self._components):
            digest.update(np.ascontiguousarray(array).tobytes())
        return f"lsa-{digest.hexdigest()[:16]}"


def _word_vectorizer(
    config: LsaConfig, vocabulary: dict[str, int] | None = None, least: int = 1
) -> TfidfVectorizer:
    return TfidfVectorizer(
        stop_words=sorted(STOP_WORDS),
        strip_accents="unicode",
        sublinear_tf=True,
        min_df=least,
        max_features=None if vocabulary else config.word_features,
        vocabulary=vocabulary,
        dtype=np.float32,
    )


def _character_vectorizer(
    config: LsaConfig, vocabulary: dict[str, int] | None = None, least: int = 1
) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=config.character_range,
        strip_accents="unicode",
        sublinear_tf=True,
        min_df=least,
        max_features=None if vocabulary else config.character_features,
        vocabulary=vocabulary,
        dtype=np.float32,
    )


def _ready(vectorizer: TfidfVectorizer, idf: NDArray[np.float32]) -> TfidfVectorizer:
    vectorizer.idf_ = idf
    return vectorizer


def _weighted(config: LsaConfig, word: Any, character: Any) -> Any:
    """Put both sparse matrices side by side, each with its share of the squared length."""
    share = np.float32(config.character_share)
    return sparse.hstack(
        [word * np.sqrt(np.float32(1) - share), character * np.sqrt(share)], format="csr"
    )


def _components(features: Any, config: LsaConfig) -> NDArray[np.float32]:
    """Return the (features, dim) map into the latent space; its signs don't depend on chance."""
    dimensions = max(1, min(config.dimensions, min(features.shape) - 1))
    svd = TruncatedSVD(dimensions, n_iter=4, random_state=config.seed).fit(features)
    components = np.ascontiguousarray(svd.components_.T, dtype=np.float32)
    largest = np.abs(components).argmax(axis=0)
    components *= np.sign(components[largest, np.arange(dimensions)])
    return components


def _sample(texts: list[str], most: int) -> list[str]:
    if len(texts) <= most:
        return texts
    places = np.linspace(0, len(texts) - 1, most).astype(int)
    return [texts[place] for place in places]


def _numbered(ordered: Iterable[str]) -> dict[str, int]:
    return {term: number for number, term in enumerate(ordered)}


def _plain(vocabulary: dict[str, Any]) -> dict[str, int]:
    return {term: int(number) for term, number in vocabulary.items()}
