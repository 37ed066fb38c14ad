"""A corpus of invented organisations and past projects, drawn from a seed.

The same seed and prefix give the same organisations, and a smaller corpus has the first ones of a
larger one. Means per organisation: 2.7 offers, half a need, half a past project (each
shared by some six organisations), so 10,000 organisations have 37,000 facets, 27,000 of them
offers.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, repeat
from typing import TypeVar

from benchmarks.generated.texts import Mixture, Text, write_text, write_title
from benchmarks.generated.vocabulary import invented_word, topics, towns, zipf
from matcher.domain import (
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Participation,
    Project,
    Role,
    SizeClass,
    Stage,
)
from matcher.validation import folded

SEED = 22
PREFIX = "g"
SUFFIX = "(generated)"
"""Every name ends with it, so that nobody takes an invented organisation for a real one."""
_MAX_OFFERS, _OFFERS_EXPONENT = 40, 1.96
"""Power law of the number of offers, from 1; its mean is 2.7."""
_MAX_PARTNERS, _PARTNERS_EXPONENT = 40, 1.75
"""Power law of the number of partners in a project, from 2; its mean is 6."""
_ACTIVITY_SHIFT = 10.0
"""How unequal organisations are in projects: the r-th most active has 1 / (r + 10) of them."""
_NEEDS = 0.5
"""Mean number of needs; nobody has more than two."""
_OWN_LANGUAGE = 0.75
"""The share of statements in the language of the organisation; the others are in English."""
_SAME_TOPIC = 0.75
"""How often a partner is one whose first topic is the project's."""
_TYPES = {
    OrganisationType.COMPANY: 62,
    OrganisationType.HIGHER_EDUCATION: 11,
    OrganisationType.RESEARCH_INSTITUTE: 10,
    OrganisationType.PUBLIC_BODY: 6,
    OrganisationType.CIVIL_SOCIETY: 4,
    OrganisationType.CLUSTER_ORGANISATION: 3,
    OrganisationType.HOSPITAL: 2,
    OrganisationType.OTHER: 2,
}
_SIZES = {SizeClass.MICRO: 45, SizeClass.SMALL: 30, SizeClass.MEDIUM: 15, SizeClass.LARGE: 10}
_LANGUAGES = {
    "BE": ("nl", "nl", "fr", "en"),
    "NL": ("nl", "nl", "en"),
    "FR": ("fr", "fr", "fr", "en"),
    "LU": ("fr", "de", "en"),
    "DE": ("de", "de", "de", "en"),
    "AT": ("de", "de", "en"),
}
"""Languages in which organisations of a country write, as often as each stands there."""
_PROJECT_LANGUAGES = ("en",) * 6 + ("nl", "fr", "de")
_NAME_PARTS = {
    OrganisationType.COMPANY: ("NV", "BV", "GmbH", "SAS", "Systems", "Technologies", "& Co"),
    OrganisationType.HIGHER_EDUCATION: ("University", "Hogeschool", "Université", "Hochschule"),
    OrganisationType.RESEARCH_INSTITUTE: ("Institute", "Research Centre", "Laboratories"),
    OrganisationType.PUBLIC_BODY: ("Agency", "Regional Council", "Intercommunale"),
    OrganisationType.CIVIL_SOCIETY: ("Foundation", "vzw", "e.V."),
    OrganisationType.CLUSTER_ORGANISATION: ("Cluster", "Network", "Valley"),
    OrganisationType.HOSPITAL: ("Hospital", "Ziekenhuis", "Klinik"),
    OrganisationType.OTHER: ("Group", "Association"),
}


def _power_law(least: int, most: int, exponent: float) -> tuple[float, ...]:
    return tuple(accumulate(number**-exponent for number in range(least, most + 1)))


_COUNTS, _OFFERS = range(1, _MAX_OFFERS + 1), _power_law(1, _MAX_OFFERS, _OFFERS_EXPONENT)
_PARTNER_COUNTS = range(2, _MAX_PARTNERS + 1)
_PARTNERS = _power_law(2, _MAX_PARTNERS, _PARTNERS_EXPONENT)
_Kind = TypeVar("_Kind", OrganisationType, SizeClass)


class GeneratedCorpus:
    """`size` organisations, and half as many past projects.

    `prefix` begins all ids; another one gives other organisations.
    """

    def __init__(self, size: int, seed: int = SEED, prefix: str = PREFIX) -> None:
        self.size = size
        self.seed = seed
        self.prefix = prefix

    @property
    def project_count(self) -> int:
        """The number of past projects."""
        return self.size // 2

    def id_of(self, number: int) -> str:
        """Return the public id of an organisation; it is one that the CORDIS import makes."""
        return f"cordis:{self.prefix}{number}"

    def organisations(self) -> Iterator[tuple[Organisation, list[Text]]]:
        """Yield the organisations, each with the texts of its facets in their order."""
        for number in range(self.size):
            yield self.organisation(number)

    def organisation(self, number: int) -> tuple[Organisation, list[Text]]:
        """Return one organisation, and the texts of its offers and needs."""
        generator = self._generator("organisation", number)
        mixture = draw_mixture(generator)
        kind = _drawn(generator, _TYPES)
        place = generator.choices(towns(), cum_weights=zipf(len(towns())))[0]
        language = generator.choice(_LANGUAGES.get(place.country or "", ("en",)))
        mark = invented_word(generator)
        stem = f"{mark} {invented_word(generator)}"
        part = generator.choice(_NAME_PARTS[kind])
        size = _drawn(generator, _SIZES) if kind is OrganisationType.COMPANY else None
        kinds = [FacetKind.OFFER] * generator.choices(_COUNTS, cum_weights=_OFFERS)[0]
        kinds += [FacetKind.NEED for _ in range(2) if generator.random() < _NEEDS / 2]
        facets, texts = {}, {}
        for facet_kind in kinds:
            text = _statement(generator, facet_kind, language, mixture, mark)
            facets[folded(text.text)] = _facet(generator, facet_kind, text)
            texts[folded(text.text)] = text
        organisation = Organisation(
            id=self.id_of(number),
            name=f"{stem} {part} {SUFFIX}",
            type=kind,
            size=size,
            sme=None if size is None else size is not SizeClass.LARGE,
            place=place,
            sectors=tuple(topics()[topic].id for topic in mixture),
            languages=tuple(sorted({language, "en"})),
            website=f"https://{mark.casefold()}-{number}.example",
            offers=tuple(facet for facet in facets.values() if facet.kind is FacetKind.OFFER),
            needs=tuple(facet for facet in facets.values() if facet.kind is FacetKind.NEED),
        )
        return organisation, list(texts.values())

    def projects(self) -> Iterator[tuple[Project, Text]]:
        """Yield the past projects, each with its text; partners are mostly of one topic."""
        everybody, of_topic = self._pools()
        for number in range(self.project_count):
            generator = self._generator("project", number)
            mixture = draw_mixture(generator)
            language = generator.choice(_PROJECT_LANGUAGES)
            text = write_text(generator, "project", language, mixture, least=20, median=40)
            facet = Facet(
                kind=FacetKind.EVIDENCE,
                text=text.text,
                title=write_title(generator, language, mixture),
                source=f"cordis:{self.prefix}{number}",
                language=language,
                topics=(f"/{topics()[mixture[0]].id}",),
                year=generator.randint(2008, 2025),
            )
            count = generator.choices(_PARTNER_COUNTS, cum_weights=_PARTNERS)[0]
            pools = (of_topic.get(mixture[0], everybody), everybody)
            owners = tuple(
                Participation(self.id_of(partner), role, facet.year)
                for partner, role in zip(_partners(generator, pools, count), _roles(), strict=False)
            )
            yield Project(facet, owners), replace(text, text=facet.embedded_text)

    def _pools(self) -> tuple[_Pool, dict[int, _Pool]]:
        """Return all organisations, and those of each first topic, the most active first."""
        numbers = list(range(self.size))
        random.Random(f"{self.seed} activity").shuffle(numbers)
        of_topic: defaultdict[int, list[int]] = defaultdict(list)
        for number in numbers:
            of_topic[draw_mixture(self._generator("organisation", number))[0]].append(number)
        return _Pool(numbers), {topic: _Pool(several) for topic, several in of_topic.items()}

    def _generator(self, what: str, number: int) -> random.Random:
        return random.Random(f"{self.seed} {self.prefix} {what} {number}")


class _Pool:
    """Organisations from which partners are drawn, the most active first."""

    def __init__(self, numbers: list[int]) -> None:
        self._numbers = numbers
        self._cumulative = zipf(len(numbers), _ACTIVITY_SHIFT)

    def draw(self, generator: random.Random) -> int:
        return generator.choices(self._numbers, cum_weights=self._cumulative)[0]


def _partners(generator: random.Random, pools: tuple[_Pool, _Pool], count: int) -> list[int]:
    """Return at most `count` different organisations."""
    partners: dict[int, None] = {}
    for _ in range(4 * count):
        pool = pools[0] if generator.random() < _SAME_TOPIC else pools[1]
        partners[pool.draw(generator)] = None
        if len(partners) == count:
            break
    return list(partners)


def _roles() -> Iterator[Role]:
    yield Role.COORDINATOR
    yield from repeat(Role.PARTICIPANT)


def draw_mixture(generator: random.Random) -> Mixture:
    """Return one to three topics; some are much more frequent than others."""
    count = generator.choices((1, 2, 3), weights=(5, 3, 2))[0]
    drawn: dict[int, None] = {}
    while len(drawn) < count:
        drawn[generator.choices(range(len(topics())), cum_weights=zipf(len(topics()), 8))[0]] = None
    return tuple(drawn)


def _statement(
    generator: random.Random, kind: FacetKind, language: str, mixture: Mixture, mark: str
) -> Text:
    """Return an offer or need; one of four organisations' statements is in another language."""
    first = generator.choice(mixture)
    others = tuple(topic for topic in mixture if topic != first)
    written_in = language if generator.random() < _OWN_LANGUAGE else "en"
    return write_text(generator, kind.value, written_in, (first, *others), mark=mark)


def _facet(generator: random.Random, kind: FacetKind, text: Text) -> Facet:
    stage = generator.choice((None, *Stage))
    level = generator.randint(1, 8) if generator.random() < 0.3 else None
    return Facet(
        kind=kind,
        text=text.text,
        language=text.language,
        stage=stage,
        trl_min=level,
        trl_max=level + 1 if level else None,
    )


def _drawn(generator: random.Random, weights: dict[_Kind, int]) -> _Kind:
    return generator.choices(list(weights), weights=list(weights.values()))[0]
