"""A corpus with changes is the corpus that is built of the same records at once."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from matcher.corpus.affiliation import affiliation_with
from matcher.corpus.corpus import Corpus, CorpusChange
from matcher.corpus.mentions import mentions_in
from matcher.corpus.name_search import find_by_name
from matcher.corpus.records import FacetRecord, OrganisationRecord, SubjectNumbers
from matcher.domain import FacetKind, OrganisationType, Place, SizeClass, Stage
from tests.corpus.corpora import corpus_named, facets_of, organisations_of, record_of

WORDS = ("water", "lab", "instituut", "gent", "noord", "bouw", "glas", "zaad")


def drawn_organisation(draw: random.Random, key: int) -> OrganisationRecord:
    place = Place(
        draw.choice([None, "Gent", "Luik"]),
        draw.choice([None, "BE", "NL"]),
        draw.choice([None, "BE234", "NL414"]),
        draw.choice([None, 51.05]),
        draw.choice([None, 3.72]),
    )
    return OrganisationRecord(
        key,
        f"x:{key}",
        " ".join(draw.sample(WORDS, draw.randint(1, 3))),
        draw.choice(list(OrganisationType)),
        place,
        draw.choice([None, True, False]),
        tuple(draw.sample(("food", "energy"), draw.randint(0, 2))),
        draw.choice([None, *SizeClass]),
        tuple(f"x:{draw.randint(1, 12)}" for _ in range(draw.randint(0, 1))),
    )


def drawn_facet(draw: random.Random, number: int, keys: list[int]) -> FacetRecord:
    return FacetRecord(
        number,
        draw.choice(list(FacetKind)),
        draw.choice([None, 2019]),
        draw.choice([None, *Stage]),
        draw.choice([None, date(2030, 1, 31)]),
        tuple(draw.sample(("/a/b", "/c"), draw.randint(0, 2))),
        tuple(draw.sample(keys, min(len(keys), draw.randint(1, 3)))),
        SubjectNumbers((draw.randint(0, 3),), ()),
    )


@pytest.mark.parametrize("seed", range(30))
def test_changes_give_what_a_fresh_build_gives(seed: int) -> None:
    draw = random.Random(seed)
    organisations = {key: drawn_organisation(draw, key) for key in range(1, draw.randint(2, 9))}
    keys = sorted(organisations)
    facets = {n: drawn_facet(draw, n, keys) for n in range(1, draw.randint(2, 12))}
    variants = [["x:1", "x:2"]] if draw.random() < 0.5 else []
    corpus = Corpus.from_records(1, organisations.values(), facets.values(), variants)
    next_key, next_facet = 20, 20
    for version in range(2, 2 + draw.randint(1, 4)):
        change, next_key, next_facet = drawn_change(
            draw, organisations, facets, next_key, next_facet
        )
        corpus = corpus.changed(version, change)
    fresh = Corpus.from_records(corpus.version, organisations.values(), facets.values(), variants)
    assert corpus.organisation_count == fresh.organisation_count == len(organisations)
    assert corpus.facet_count == fresh.facet_count == len(facets)
    assert organisations_of(corpus) == organisations_of(fresh)
    assert facets_of(corpus) == facets_of(fresh)
    assert dict(corpus.row_of_id).keys() == dict(fresh.row_of_id).keys()
    assert what_is_said_of(corpus) == what_is_said_of(fresh)


def drawn_change(
    draw: random.Random,
    organisations: dict[int, OrganisationRecord],
    facets: dict[int, FacetRecord],
    next_key: int,
    next_facet: int,
) -> tuple[CorpusChange, int, int]:
    """Draw a change and carry it out on records by key and by id, as the store does."""
    deleted = draw.sample(sorted(organisations), min(len(organisations), draw.randint(0, 1)))
    for key in deleted:
        del organisations[key]
    gone = [n for n in sorted(facets) if draw.random() < 0.2]
    for number in gone:
        del facets[number]
    for number, facet in facets.items():
        left = tuple(owner for owner in facet.owners if owner not in deleted)
        facets[number] = replace(facet, owners=left)
    changed = {
        key: replace(drawn_organisation(draw, key), id=record.id)
        for key, record in organisations.items()
        if draw.random() < 0.3
    }
    for _ in range(draw.randint(0, 2)):
        changed[next_key] = drawn_organisation(draw, next_key)
        next_key += 1
    organisations.update(changed)
    written = {}
    keys = sorted(organisations)
    if keys:
        written = {n: drawn_facet(draw, n, keys) for n in facets if draw.random() < 0.2}
        for _ in range(draw.randint(0, 2)):
            written[next_facet] = drawn_facet(draw, next_facet, keys)
            next_facet += 1
    facets.update(written)
    change = CorpusChange(list(changed.values()), list(written.values()), deleted, gone)
    return change, next_key, next_facet


def what_is_said_of(corpus: Corpus) -> dict[str, object]:
    """What ranking asks of a corpus, by public ids, so that rows may differ."""

    def named(rows: np.ndarray) -> list[str]:
        return [corpus.ids[row] for row in rows.tolist()]

    rows = corpus.all_rows
    found = mentions_in(corpus, "glas en Waterlab in gent")
    owned = {
        corpus.ids[row]: corpus.facet_ids[corpus.facets_owned([row])].tolist()
        for row in rows.tolist()
    }
    groups = np.unique(corpus.group[rows])
    by_name = [np.array(found, np.int64) for found in find_by_name(corpus, "Water")]
    return {
        "mentions": dict(zip(named(found.rows), found.words, strict=True)),
        "affiliation": affiliation_with(corpus, rows, rows[:2]).round(9).tolist(),
        "owned": owned,
        "experience": corpus.experience_of(rows).tolist(),
        "shown": sorted(named(corpus.representatives(groups))),
        "variants": {corpus.ids[row]: corpus.variants_of(row) != [] for row in rows.tolist()},
        "competitors": {
            corpus.ids[row]: sorted(named(corpus.competitors_of(np.array([row]))))
            for row in rows.tolist()
        },
        "found by name": [sorted(named(found)) for found in by_name],
        "sectors": [corpus.text_of(number) for number in corpus.sectors.of(rows)[0]],
    }


def test_a_change_leaves_the_corpus_before_it_as_it_was() -> None:
    before = corpus_named(["Waterlab", "Glas"])
    change = CorpusChange([replace(before.organisation(0), name="Zaad")], (), [1])
    after = before.changed(2, change)
    assert [record.name for record in organisations_of(before)] == ["Waterlab", "Glas"]
    assert [record.name for record in organisations_of(after)] == ["Zaad"]
    assert "x:001" in before.row_of_id and "x:001" not in after.row_of_id


def test_a_key_that_was_used_before_is_refused() -> None:
    corpus = corpus_named(["Waterlab", "Glas"])
    later = corpus.changed(2, CorpusChange([replace(corpus.organisation(0), key=7, id="x:7")]))
    with pytest.raises(ValueError, match="3 is new"):
        later.changed(3, CorpusChange([replace(corpus.organisation(0), key=3, id="x:3")]))


@pytest.mark.parametrize(("stating", "binding"), [("x:000", True), ("own:a-1a2b3c4d", False)])
def test_a_self_made_profile_keeps_itself_out_and_nobody_else(stating: str, binding: bool) -> None:
    first = replace(record_of(0, "Waterlab"), id=stating, competitors=("x:001",))
    corpus = Corpus.from_records(1, [first, record_of(1, "Glas"), record_of(2, "Zaad")], [])
    assert corpus.competitors_of(np.array([1])).tolist() == [0]
    assert corpus.competitors_of(np.array([0])).tolist() == ([1] if binding else [])
    assert corpus.competitors_of(np.array([2])).tolist() == []
    assert corpus.competitor_pairs == ((0, 1),)
