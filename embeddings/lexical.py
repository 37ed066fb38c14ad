"""The wording of texts: words, character n-grams and concepts, reduced to latent directions.

TF-IDF with logarithmic term counts over words, over character n-grams within words and over the
concepts of the lexicon, side by side, then a truncated singular value decomposition (Deerwester et
al., 1990, Indexing by Latent Semantic Analysis) and soft whitening. The n-grams carry inflections,
compounds and related words across languages; the concepts carry translations.

Words that came after the fit have no place in that space, so they go into a block of their own,
hashed with signs (Weinberger et al., 2009, Feature Hashing): a profile with a new word is found
by that word at once, and texts of known words keep zeros there.
"""

from __future__ import annotations

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

from embeddings.lexicon import Lexicon
from embeddings.port import Progress
from embeddings.stopwords import GENERIC_WORDS, STOP_WORDS
from embeddings.whitening import (
    Floats,
    Whitening,
    fit_whitening,
    load_whitening,
    save_whitening,
    unit,
)

_BATCH = 2_048
_FEATURES = ("words", "characters", "concepts")


@dataclass(frozen=True, slots=True)
class LsaConfig:
    """The constants of the encoder; docs/quality.md says how they were chosen."""

    dimensions: int = 400
    character_share: float = 0.45
    concept_share: float = 0.1
    """Shares of the squared length that character n-grams and concepts get; the rest is words'."""
    character_range: tuple[int, int] = (3, 5)
    word_features: int = 120_000
    character_features: int = 180_000
    sample: int = 30_000
    """At most so many texts, evenly spread, are fitted on."""
    read: int = 4_000
    """On at most so many of them the whitening of sentences is learned: reading takes its time."""
    background_below: int = 500
    """With fewer texts than this the shipped background sentences are fitted on too."""
    new_word_dimensions: int = 256
    wording_softness: float = 1.0
    meaning_softness: float = 2.0
    sentences_softness: float = 8.0
    """How softly each view is whitened, see `embeddings.whitening`."""
    seed: int = 7


class Wording:
    """Text to latent directions of its wording, fitted on a corpus."""

    def __init__(
        self,
        config: LsaConfig,
        lexicon: Lexicon,
        vocabularies: Sequence[dict[str, int]],
        idfs: Sequence[Floats],
        components: Floats,
        whitening: Whitening,
    ) -> None:
        """Take what was learned: words, characters, concepts; `components` (features, dim)."""
        self.config = config
        self.vocabularies = tuple(vocabularies)
        self.idfs = tuple(idfs)
        self.components = components
        self.whitening = whitening
        self._split = _vectorizers(config, lexicon)[0].build_analyzer()
        self._vectorizers = [
            _ready(vectorizer, vocabulary, idf)
            for vectorizer, vocabulary, idf in zip(
                _vectorizers(config, lexicon), vocabularies, idfs, strict=True
            )
        ]

    @classmethod
    def fit(
        cls, learned: Sequence[str], config: LsaConfig, lexicon: Lexicon, report: Progress
    ) -> Wording:
        """Learn vocabularies, weights, components and whitening from `learned`."""
        large = len(learned) > config.background_below
        least = (2 if len(learned) > 5_000 else 1, 2 if large else 1, 1)
        fitted = _vectorizers(config, lexicon, least)
        parts = []
        for place, vectorizer in enumerate(fitted):
            report("vocabulary", place / len(fitted))
            parts.append(vectorizer.fit_transform(learned))
        report("vocabulary", 1.0)
        report("components", 0.0)
        components = _components(_weighted(config, parts), config)
        latent = unit(_weighted(config, parts) @ components)
        return cls(
            config,
            lexicon,
            [_plain(one.vocabulary_) for one in fitted],
            [np.asarray(one.idf_, dtype=np.float32) for one in fitted],
            components,
            fit_whitening(latent, config.wording_softness),
        )

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return int(self.components.shape[1]) + self.config.new_word_dimensions

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return rows (n, dim) of length 1, zeros where there is no content word."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            part = texts[start : start + _BATCH]
            features = _weighted(self.config, [one.transform(part) for one in self._vectorizers])
            latent = self.whitening.apply(unit(features @ self.components))
            for place, text in enumerate(part):
                row = latent[place]
                if not (row.any() and self._understands(text)):
                    row = np.zeros_like(row)
                vectors[start + place] = self._with_new_words(text, row)
        return vectors

    def _with_new_words(self, text: str, latent: Floats) -> Floats:
        """Append the block of new words to a latent row; each has its share of the length."""
        words = [word for word in self._split(text) if len(word) >= 4 and word.isalpha()]
        words = [word for word in words if word not in GENERIC_WORDS]
        new = {word for word in words if word not in self.vocabularies[0]}
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

    def _understands(self, text: str) -> bool:
        """Whether a content word is known, or enough n-grams of a long word are."""
        words, characters = self.vocabularies[:2]
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

    def knows(self, rows: Floats) -> NDArray[np.bool_]:
        """Return for each row (n, dim) of `encode` whether it holds more than new words."""
        known: NDArray[np.bool_] = np.any(rows[:, : self.components.shape[1]] != 0.0, axis=1)
        return known

    def update(self, digest: Any) -> None:
        """Add everything that the vectors depend on to a digest."""
        digest.update(json.dumps(asdict(self.config), sort_keys=True).encode())
        for vocabulary in self.vocabularies:
            digest.update("\0".join(_ordered(vocabulary)).encode())
        for array in (*self.idfs, self.components):
            digest.update(np.ascontiguousarray(array).tobytes())
        self.whitening.update(digest)

    @classmethod
    def load(cls, folder: Path, config: LsaConfig, lexicon: Lexicon) -> Wording:
        """Read what `save` wrote; raises OSError, ValueError or KeyError for what is damaged."""
        vocabularies = [
            _numbered(json.loads((folder / f"{name}.json").read_text("utf-8")))
            for name in _FEATURES
        ]
        idfs = [np.load(folder / f"{name}-idf.npy", allow_pickle=False) for name in _FEATURES]
        components = np.load(folder / "components.npy", mmap_mode="r", allow_pickle=False)
        whitening = load_whitening(folder, "wording")
        return cls(config, lexicon, vocabularies, idfs, components, whitening)

    def save(self, folder: Path) -> None:
        """Write JSON and .npy files into `folder`."""
        for name, vocabulary, idf in zip(_FEATURES, self.vocabularies, self.idfs, strict=True):
            (folder / f"{name}.json").write_text(json.dumps(_ordered(vocabulary)), "utf-8")
            np.save(folder / f"{name}-idf.npy", idf, allow_pickle=False)
        np.save(folder / "components.npy", self.components, allow_pickle=False)
        save_whitening(self.whitening, folder, "wording")


def _vectorizers(
    config: LsaConfig, lexicon: Lexicon, least: tuple[int, int, int] = (1, 1, 1)
) -> list[TfidfVectorizer]:
    """Return the vectorisers of words, character n-grams and concepts, not yet fitted."""
    common: dict[str, Any] = {"sublinear_tf": True, "dtype": np.float32}
    words = TfidfVectorizer(
        stop_words=sorted(STOP_WORDS),
        strip_accents="unicode",
        min_df=least[0],
        max_features=config.word_features,
        **common,
    )
    characters = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=config.character_range,
        strip_accents="unicode",
        min_df=least[1],
        max_features=config.character_features,
        **common,
    )
    concepts = TfidfVectorizer(
        analyzer=lexicon.names_in,
        lowercase=False,
        vocabulary=_numbered(one.name for one in lexicon.concepts),
        **common,
    )
    return [words, characters, concepts]


def _ready(vectorizer: TfidfVectorizer, vocabulary: dict[str, int], idf: Floats) -> TfidfVectorizer:
    vectorizer.set_params(vocabulary=vocabulary, min_df=1)
    vectorizer.idf_ = idf
    return vectorizer


def _weighted(config: LsaConfig, parts: Sequence[Any]) -> Any:
    """Put the sparse matrices side by side, each with its share of the squared length."""
    shares = (
        1.0 - config.character_share - config.concept_share,
        config.character_share,
        config.concept_share,
    )
    weighted = [
        part * np.float32(np.sqrt(share)) for part, share in zip(parts, shares, strict=True)
    ]
    return sparse.hstack(weighted, format="csr")


def _components(features: Any, config: LsaConfig) -> Floats:
    """Return the (features, dim) map into the latent space; its signs don't depend on chance."""
    dimensions = max(1, min(config.dimensions, min(features.shape) - 1))
    svd = TruncatedSVD(dimensions, n_iter=4, random_state=config.seed).fit(features)
    components = np.ascontiguousarray(svd.components_.T, dtype=np.float32)
    largest = np.abs(components).argmax(axis=0)
    components *= np.sign(components[largest, np.arange(dimensions)])
    return components


def _ordered(vocabulary: dict[str, int]) -> list[str]:
    return sorted(vocabulary, key=vocabulary.__getitem__)


def _numbered(ordered: Iterable[str]) -> dict[str, int]:
    return {term: number for number, term in enumerate(ordered)}


def _plain(vocabulary: dict[str, Any]) -> dict[str, int]:
    return {term: int(number) for term, number in vocabulary.items()}
