"""Lead-ins such as `we are looking for`: words before the content of a sentence."""

from __future__ import annotations

import re

from embeddings.stopwords import STOP_WORDS
from embeddings.words import fold

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")

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
wer geht gemeinsam arbeiten kann
nodig besoin brauchen brauche benotigen sait savent faire who qui wie need needs
looking look seek seeking someone somebody anybody anyone reliable suitable help support
work working like would could can know experience expertise
"""
_WHO = """
kleine klein kleines small petite petit kmo kmos mkb pme kmu kmus sme smes bedrijf bedrijven
bedrijfje firma firmas onderneming ondernemingen organisatie organisaties kennisinstelling
kennisinstellingen entreprise entreprises societe societes organisme organismes unternehmen firmen
organisation organisationen organisations company companies firm firms institutes organization
capable capables fahig bereit willing flamand flamande flamands wallon wallonne vlaams waalse waals
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


def strip_lead_in(sentence: str) -> str:
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


def folded_words(text: str) -> list[str]:
    """Return the words of a text, folded."""
    return [fold(word) for word in _WORD.findall(text)]
