from __future__ import annotations

import pytest

from matcher.corpus.corpus import Corpus, CorpusChange
from matcher.corpus.mentions import mentions_in
from matcher.corpus.records import FacetRecord, OrganisationRecord
from matcher.corpus.words import name_words
from matcher.domain import FacetKind, OrganisationType, Place

NAMES = [
    ("KU Leuven", "KU Leuven", "Leuven"),
    ("Universiteit Gent", "UGent", "Gent"),
    ("VITO", None, "Mol"),
    ("imec", None, "Leuven"),
    ("Chipharbour Packaging (demo)", None, "Eindhoven"),
    ("Zichtwerk AI (demo)", None, "Gent"),
    ("PFAS-vanger (demo)", None, "Zwijndrecht"),
    ("Kamion Data (demo)", None, "Roeselare"),
    ("Stapelhaven Barges (demo)", None, "Wijnegem"),
    ("Université de Liège", None, "Liège"),
    ("Straßenbau Müller GmbH", None, "Köln"),
    ("COMMISSARIAT A L ENERGIE ATOMIQUE ET AUX ENERGIES ALTERNATIVES", "CEA", "Paris"),
    (
        "FRAUNHOFER GESELLSCHAFT ZUR FOERDERUNG DER ANGEWANDTEN FORSCHUNG E.V.",
        "Fraunhofer",
        "München",
    ),
    ("THE CHANCELLOR, MASTERS AND SCHOLARS OF THE UNIVERSITY OF OXFORD", "UOXF", "Oxford"),
    ("Gelijkspanning (demo)", None, "Kortrijk"),
    ("Verpackung GmbH", None, "Aachen"),
    ("Polderwijs Institut für Polymerforschung Dresden", None, "Dresden"),
    ("Instituut voor Landbouw (ILVO)", None, "Merelbeke"),
    ("Energy", None, "Oslo"),
    ("Flanders' FOOD", None, "Brussel"),
    ("Hasselt", None, "Hasselt"),
    ("Europe Ltd", None, "Dublin"),
]


def corpus_of(names: list[tuple[str, str | None, str | None]], text_words: str = "") -> Corpus:
    records = [record(key, *name) for key, name in enumerate(names)]
    words = tuple(sorted(text_words.split()))
    facet = FacetRecord(1, FacetKind.OFFER, None, None, None, (), (0,), words=words)
    return Corpus.from_records(1, records, [facet])


def record(key: int, name: str, short: str | None, city: str | None) -> OrganisationRecord:
    place = Place(city=city)
    return OrganisationRecord(
        key, f"x:{key:05}", name, OrganisationType.COMPANY, place, None, (), short_name=short
    )


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return corpus_of(NAMES, "gelijkspanning omvormer")


def written_out(corpus: Corpus, text: str) -> list[str]:
    """The names that a text writes out, in its order."""
    found = mentions_in(corpus, text)
    order = sorted(
        (int(place), int(row))
        for place, row in zip(found.places, found.rows, strict=True)
        if place >= 0
    )
    assert all(found.confidence[found.written_out] == 1.0)
    return [corpus.names[row] for _, row in order]


def parts(corpus: Corpus, text: str) -> dict[str, tuple[float, str]]:
    """Whom a text mentions by a part of the name: the share, and the words."""
    found = mentions_in(corpus, text)
    return {
        corpus.names[row]: (round(float(share), 3), words)
        for row, share, place, words in zip(
            found.rows, found.confidence, found.places, found.words, strict=True
        )
        if place < 0
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("KU Leuven", ["KU Leuven"]),
        ("ku leuven", ["KU Leuven"]),
        ("We want to work with KU Leuven on lithography", ["KU Leuven"]),
        ("Samen met KULeuven en UGent", ["KU Leuven", "Universiteit Gent"]),
        ("eerst UGent, dan VITO en imec", ["Universiteit Gent", "VITO", "imec"]),
        ("wij zoeken universiteit gent", ["Universiteit Gent"]),
        ("Nous cherchons l'universite de liege", ["Université de Liège"]),
        ("Mit STRASSENBAU MULLER und Straßenbau Müller GmbH", ["Straßenbau Müller GmbH"]),
        ("a project of the CEA on hydrogen", [NAMES[11][0]]),
        ("Partners: VITO, imec, KU Leuven", ["VITO", "imec", "KU Leuven"]),
        ("een proef met het ILVO in de stal", ["Instituut voor Landbouw (ILVO)"]),
        ("vito", ["VITO"]),
        ("a company like Flanders' FOOD in the board", ["Flanders' FOOD"]),
        ("We talk to Energy about it", ["Energy"]),
        ("Wir reden mit der Verpackung GmbH", ["Verpackung GmbH"]),
        ("wij spreken met Gelijkspanning over stroom", ["Gelijkspanning (demo)"]),
    ],
)
def test_a_name_that_is_written_out_is_a_mention(
    corpus: Corpus, text: str, expected: list[str]
) -> None:
    assert written_out(corpus, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "biodegradable packaging from potato peels",
        "PFAS-vrije coating",
        "AI",
        "iets met AI en data",
        "barges with battery packs",
        "économies d'énergie",
        "Wir suchen eine neue Verpackung",
        "more energy from waste. Energy is scarce",
        "omvormers voor gelijkspanning",
        "flanders food companies",
        "partner in Hasselt",
        "partners from all over Europe",
        "vito and cea and ilvo in small letters",
        "write to jan@imec.be or see https://www.imec.be",
        "University of technology",
        "gentle leuvens",
        "",
        "  ",
        "北京",
    ],
)
def test_everyday_words_in_names_towns_and_addresses_are_no_mention(
    corpus: Corpus, text: str
) -> None:
    assert mentions_in(corpus, text).rows.tolist() == []


def test_a_part_of_a_long_name_counts_by_its_share_of_the_letters(corpus: Corpus) -> None:
    letters = len("polderwijsinstitutpolymerforschungdresden")
    name = NAMES[16][0]
    assert parts(corpus, "with Polderwijs on it") == {name: (round(10 / letters, 3), "Polderwijs")}
    text = "das Polderwijs Institut in Dresden"
    assert parts(corpus, text) == {name: (round(18 / letters, 3), "Polderwijs Institut")}
    oxford = parts(corpus, "a group of the University of Oxford works on it")
    share = 16 / len("chancellormastersscholarsuniversityoxford")
    assert oxford == {NAMES[13][0]: (round(share, 3), "University of Oxford")}


def test_of_names_within_each_other_the_longest_counts() -> None:
    corpus = corpus_of([("VITO", None, None), ("VITO Plastics", None, None)])
    assert written_out(corpus, "met VITO Plastics erbij") == ["VITO Plastics"]
    assert written_out(corpus, "met VITO en met VITO Plastics") == ["VITO", "VITO Plastics"]


def test_homonyms_all_count_unless_the_name_tells_nobody_apart() -> None:
    twice = corpus_of([("Watermolen", None, None)] * 2)
    assert written_out(twice, "met Watermolen samen") == ["Watermolen"] * 2
    often = corpus_of([("Watermolen", None, None)] * 6)
    assert written_out(often, "met Watermolen samen") == []


def test_a_large_corpus_says_the_same_as_a_small_one(corpus: Corpus) -> None:
    others = [(f"Instituut {n} Leuven Gent Data", None, None) for n in range(3_000)]
    large = corpus_of([*NAMES, *others])
    for text in ("We want to work with KU Leuven and UGent on data", "AI for packaging of data"):
        small, more = mentions_in(corpus, text), mentions_in(large, text)
        assert more.rows.tolist() == small.rows.tolist()
        assert more.confidence.tolist() == small.confidence.tolist()


def test_names_written_since_the_generation_count_at_once(corpus: Corpus) -> None:
    change = CorpusChange(
        [record(0, "Nieuwnaam Leuven", None, None), record(len(NAMES), "Watermolen", "WTM", None)],
        deleted_organisations=[2],
    )
    changed = corpus.changed(2, change)
    assert written_out(changed, "samen met KU Leuven en VITO") == []
    text = "met Nieuwnaam Leuven, met het WTM en imec"
    assert written_out(changed, text) == ["Nieuwnaam Leuven", "Watermolen", "imec"]


def test_the_end_of_an_endless_text_is_not_read(corpus: Corpus) -> None:
    assert written_out(corpus, "word " * 10_000 + "KU Leuven") == []


def test_words_of_a_name() -> None:
    assert name_words("Ünïversité de l'Été, de Liège 12") == [
        "universite",
        "de",
        "ete",
        "liege",
        "12",
    ]
