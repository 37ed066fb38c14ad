"""Strips courtesies from a question: greetings, `we are looking for`, thanks, signatures.

Retrieval uses the whole text. `Dear all, we are a small company and look for` is in few profiles,
so its words would get high weights, and profiles with similar phrases would be found.
"""

from __future__ import annotations

import re

from embeddings.stopwords import STOP_WORDS
from embeddings.words import fold

_ENDS = re.compile(r"((?<=[.!?;:])\s+|\n\s*)")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_CLOSING = re.compile(
    r"(?:met )?(?:vriendelijke|hartelijke|beste) groet|mvg\b|groetjes|met dank"
    r"|alvast (?:hartelijk )?(?:be)?dank|(?:tres )?cordialement|bien a vous|merci d|d avance"
    r"|(?:sinceres |meilleures )?salutations"
    r"|(?:mit )?(?:freundlichen|besten|vielen) grussen|(?:viele|beste|liebe) grusse|mfg\b"
    r"|vielen dank|besten dank|(?:with )?(?:kind|best|warm) regards|regards\b|sincerely"
    r"|(?:many )?thanks|thank you"
)
"""The beginning of a closing sentence, folded; only a signature follows it."""
_MAX_SIGNATURE_LENGTH = 200

_COURTESY = """
hallo hello hi hey bonjour bonsoir guten tag goede goedendag goedemorgen goedemiddag dag dear beste
geachte liefste chers cher chere sehr geehrte geehrter damen herren heer mevrouw madame monsieur
mesdames messieurs collega collegas iedereen allemaal tous toutes everybody everyone team
vraag question frage volgende suivante folgende following luidt thema theme onderwerp sujet topic
"""
_ASKING = """
zoek zoeken zoekt kent iemand partner partners partij partijen betrouwbare
goede geschikte kunnen kan zou zouden graag willen helpen hulp help ondersteunen samenwerken
samen werken rond aan ervaring kennis expertise contact cherche cherchons cherchent recherchons
quelqu un partenaire partenaires fiable fiables aider aide soutenir souhaitons souhaite
souhaiterions aimerions travailler connaissez connaissez-vous suche suchen sucht gesucht jemand
jemanden partnern zuverlassige geeignete helfen hilfe konnen konnte kennen mochten unterstutzen
wer geht gemeinsam arbeiten
looking look seek seeking someone somebody anybody anyone reliable suitable help support
work working like would could can know experience expertise
"""
_WHO = """
kleine klein kleines small petite petit kmo kmos mkb pme kmu kmus sme smes bedrijf bedrijven
bedrijfje firma firmas onderneming ondernemingen organisatie organisaties kennisinstelling
kennisinstellingen entreprise entreprises societe societes organisme organismes unternehmen firmen
organisation organisationen organisations company companies firm firms institutes organization
vlaanderen vlaamse belgie belgische flandre flandres belgique belge flandern flamische belgien
flanders flemish belgium belgian regio region regionen ben bin suis am zaakvoerder bedrijfsleider
gerant gerante geschaftsfuhrer geschaftsfuhrerin ceo
"""
_WHAT = """
project projecten projet projets projekt projekte projekts projects part innovatieproject
innovatieprojecten kader cadre rahmen context nieuw nieuwe nouveau nouvelle neues neue neuen new
doel doelstelling objectif but ziel aim goal objective initiatief initiative idee idea
"""
_NOT_FIRST = frozenset(
    "help support work working team question goal objective context company firm region recherche "
    "contact experience expertise kennis ervaring part theme topic thema sujet onderwerp".split()
)
"""Words that are part of a lead-in, except as its first word: `help desk software` is content."""
_NEGATIONS = frozenset(
    "zonder sans ohne without not geen niet pas kein keine keinen keiner nicht no nor sauf behalve "
    "ausser except".split()
)
_LEAD_IN_WORDS = frozenset(" ".join((_COURTESY, _ASKING, _WHO, _WHAT)).split()) - _NEGATIONS
_EMPTY_WORDS = (STOP_WORDS | _LEAD_IN_WORDS) - _NEGATIONS
"""Words without content at the beginning of a sentence."""


def strip_courtesies(text: str) -> str:
    """Remove sentences without content, and lead-ins such as `we are looking for`.

    A text that would be left empty is returned unchanged.
    """
    pieces = _ENDS.split(text.strip())
    parts: list[str] = []
    rest = sum(len(piece) for piece in pieces)
    for place in range(0, len(pieces), 2):
        sentence = pieces[place]
        if rest <= _MAX_SIGNATURE_LENGTH and _CLOSING.match(" ".join(_folded_words(sentence))):
            break
        content = _strip_lead_in(sentence)
        if content:
            parts += [content, *pieces[place + 1 : place + 2]]
        rest -= sum(len(piece) for piece in pieces[place : place + 2])
    result = "".join(parts).strip()
    # For the networks, a full stop after a few words would turn a phrase into a sentence.
    return (result if _ENDS.search(result) else result.rstrip(" .?!")) or text


def _strip_lead_in(sentence: str) -> str:
    """Return a sentence from its first content word on; empty where it has none.

    It stays whole where only words like `with` or `we` come first, or a word that may itself be
    the content, as in `help desk software`.
    """
    words = list(_WORD.finditer(sentence))
    folded = [fold(word.group()) for word in words]
    capitals = set() if sentence.isupper() else {w.group() for w in words if w.group().isupper()}
    content = [
        place
        for place, word in enumerate(folded)
        if len(word) > 1
        and (word not in _EMPTY_WORDS or words[place].group() in capitals)  # CE, IT
    ]
    if not content:
        return ""
    has_lead_in = folded[0] not in _NOT_FIRST and _LEAD_IN_WORDS.intersection(folded[: content[0]])
    return sentence[words[content[0]].start() :] if has_lead_in else sentence


def _folded_words(text: str) -> list[str]:
    return [fold(word) for word in _WORD.findall(text)]
