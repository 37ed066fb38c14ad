"""Courtesies are taken from a question, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.needs.extraction import courtesies, strip_courtesies, without_closing
from matcher.needs.extraction.reading import Label, Passage


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (
            "Beste collega's,\n\nwij zoeken een partner voor gekoeld transport. "
            "Met vriendelijke groeten, Jan Peeters\nPeeters NV",
            "gekoeld transport",
        ),
        ("Goedemorgen iedereen. Wij zoeken iemand voor garen uit katoen.", "garen uit katoen"),
        ("Onze vraag is de volgende: bakstenen uit sloop", "bakstenen uit sloop"),
        (
            "In het kader van een nieuw innovatieproject willen wij samen met partners uit de "
            "regio werken aan cement met minder klinker.",
            "cement met minder klinker",
        ),
        (
            "Bonjour à tous. Nous cherchons un partenaire fiable pour le recyclage du béton. "
            "Merci d'avance.",
            "recyclage du béton",
        ),
        (
            "Sehr geehrte Damen und Herren, wir suchen Partner für die Sterilisation.\n"
            "Mit freundlichen Grüßen",
            "Sterilisation",
        ),
        ("We are looking for CE marking of devices", "CE marking of devices"),
        ("The aim of this project is to develop sensors for pigs.", "develop sensors for pigs"),
    ],
)
def test_courtesies_go(text: str, asked: str) -> None:
    assert strip_courtesies(text) == asked


@pytest.mark.parametrize(
    "text",
    [
        "CE-markering van een diagnostisch toestel",
        "zonder plastic verpakken",
        "Help desk software for hospitals",
        "recherche sur les batteries",
        "Wij bouwen een proeflijn voor verf en zoeken sensoren",
        "Sensors for pigs. They lie in straw.",
        "With light and without heat",
        "hallo",
        "Wie kan ons helpen?",
        "thanks",
        "",
    ],
)
def test_what_names_something_stays_whole_and_so_does_what_names_nothing(text: str) -> None:
    assert strip_courtesies(text) == text


def test_thanks_in_the_middle_of_a_long_text_end_nothing() -> None:
    text = "Thanks to enzymes we make paper. " + "Fibres are sorted by length. " * 20
    assert "Fibres are sorted by length." in strip_courtesies(text)


@given(st.text(max_size=300))
def test_only_words_of_the_text_are_left(text: str) -> None:
    asked = strip_courtesies(text)
    assert bool(asked) == bool(text)
    assert all(piece in text for piece in asked.split())


def test_a_text_of_which_hardly_anything_would_be_left_stays_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "A new chain, not yet there, for wood chips. " + "Orchards are pruned each winter. " * 9
    whole = [
        Passage(Label.ASKED, 0, 11, (), ()),
        Passage(Label.COURTESY, 11, len(text), (), ()),
    ]
    monkeypatch.setattr(courtesies, "passages_of", lambda _: whole)
    stripped = strip_courtesies(text)
    assert "chain, not yet there, for wood chips" in stripped and "Orchards are pruned" in stripped


@pytest.mark.parametrize(
    "closing",
    [
        "Best wishes,\nTom\nimec, Leuven",
        "Met vriendelijke groeten\nPieter\nUniversiteit Hasselt",
        "Groeten\nPieter",
        "Cordialement,\nAnne",
        "Mit freundlichen Grüßen\nJan",
    ],
)
def test_who_signs_is_not_asked_for(closing: str) -> None:
    assert without_closing(f"We need a bronze foundry.\n\n{closing}").strip() == (
        "We need a bronze foundry."
    )
    assert without_closing("We need a foundry of imec.") == "We need a foundry of imec."
