"""What is left of a question without courtesies: no greeting, no `we are looking for`, no thanks.

Nearest neighbours are found for all that a text says. `Dear all, we are a small company and look
for` is in few profiles, so it would count as rare and tell much, and lead to whoever greets alike.
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
"""What a sentence begins with, word by word without accents, after which only a signature comes."""
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
"""Empty after other empty words; first, they may be what is asked for: `help desk software`."""
_TURNING = frozenset(
    "zonder sans ohne without not geen niet pas kein keine keinen keiner nicht no nor sauf behalve "
    "ausser except".split()
)
_LEADING = frozenset(" ".join((_COURTESY, _ASKING, _WHO, _WHAT)).split()) - _TURNING
_EMPTY = (STOP_WORDS | _LEADING) - _TURNING
"""Words that name nothing that could be found, where a sentence begins with them."""


def what_is_asked(text: str) -> str:
    """Return a text without sentences that name nothing, and others without what leads up to it.

    A text that names nothing at all comes back as it is.
    """
    pieces = _ENDS.split(text.strip())
    kept: list[str] = []
    rest = sum(len(piece) for piece in pieces)
    for place in range(0, len(pieces), 2):
        sentence = pieces[place]
        if rest <= _MAX_SIGNATURE_LENGTH and _CLOSING.match(" ".join(_plain_words(sentence))):
            break
        named = _from_what_it_names(sentence)
        if named:
            kept += [named, *pieces[place + 1 : place + 2]]
        rest -= sum(len(piece) for piece in pieces[place : place + 2])
    asked = "".join(kept).strip()
    # A full stop after a few words makes another sentence of them for the networks that read it.
    return (asked if _ENDS.search(asked) else asked.rstrip(" .?!")) or text


def _from_what_it_names(sentence: str) -> str:
    """Return a sentence from the first word on that isn't empty; nothing where all are.

    It stays whole where only words like `with` or `we` come before, or one that may be what is
    asked for.
    """
    words = list(_WORD.finditer(sentence))
    plainly = [fold(word.group()) for word in words]
    capitals = set() if sentence.isupper() else {w.group() for w in words if w.group().isupper()}
    named = [
        place
        for place, word in enumerate(plainly)
        if len(word) > 1 and (word not in _EMPTY or words[place].group() in capitals)  # CE, IT
    ]
    if not named:
        return ""
    leads_up = plainly[0] not in _NOT_FIRST and _LEADING.intersection(plainly[: named[0]])
    return sentence[words[named[0]].start() :] if leads_up else sentence


def _plain_words(text: str) -> list[str]:
    return [fold(word) for word in _WORD.findall(text)]
