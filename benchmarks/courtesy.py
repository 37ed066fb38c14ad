"""Prints how much the way in which a question is put decides: python -m benchmarks.courtesy.

Twelve questions in four languages, each with the organisation of the demo that offers it, asked
barely and as people write: with a greeting, thanks, who they are, what led up to it. Printed is the
mean reciprocal rank of the right organisation, as the service asks and with every word counted.
"""

from __future__ import annotations

from unittest.mock import patch

from benchmarks.built import built_corpus
from matcher.cache import MemoryCache
from matcher.corpus.answer_cache import AnswerCache
from matcher.domain import Question
from matcher.evaluation.metrics import reciprocal_rank
from matcher.matching import understand
from matcher.matching.service import Recommender
from matcher.needs.extraction import strip_courtesies

DEPTH = 60
RIGHT = (
    "kalkstroom voetspoor windvanger-noordzee retoursolv koelketen parlanto garenlus isolin "
    "polyrecup conformiteitshuis octrooihaven steenwinst"
).split()
ASKED = {
    "nl": """cement met minder klinker|levenscyclusanalyse van lijm
        |onderhoud van windturbines op zee|oplosmiddelen terugwinnen
        |gekoeld transport van geneesmiddelen|spraakherkenning voor artsen
        |garen uit gerecycleerd katoen|isolatie uit hennep|chemische recyclage van PET
        |CE-markering van een diagnostisch toestel|octrooionderzoek
        |bakstenen uit sloop hergebruiken""",
    "fr": """ciment avec moins de clinker|analyse du cycle de vie d'une colle
        |entretien d'éoliennes en mer|récupération de solvants
        |transport réfrigéré de médicaments|reconnaissance vocale pour médecins
        |fil de coton recyclé|isolation en chanvre|recyclage chimique du PET
        |marquage CE d'un appareil de diagnostic|recherche de brevets
        |réemploi de briques de démolition""",
    "de": """Zement mit weniger Klinker|Ökobilanz eines Klebstoffs
        |Wartung von Windkraftanlagen auf See|Rückgewinnung von Lösungsmitteln
        |gekühlter Transport von Arzneimitteln|Spracherkennung für Ärzte
        |Garn aus recycelter Baumwolle|Dämmung aus Hanf|chemisches Recycling von PET
        |CE-Kennzeichnung eines Diagnosegeräts|Patentrecherche
        |Ziegel aus dem Abbruch wiederverwenden""",
    "en": """cement with less clinker|life cycle assessment of glue
        |maintenance of wind turbines at sea|solvent recovery
        |refrigerated transport of medicines|speech recognition for doctors
        |yarn from recycled cotton|insulation from hemp|chemical recycling of PET
        |CE marking of a diagnostic device|patent search|reuse of bricks from demolition""",
}
PUT = {
    "nl": (
        "%s",
        "Goedemorgen iedereen. Wij zoeken iemand voor %s.",
        "Beste collega's,\n\nwij zoeken een partner voor %s. Met vriendelijke groeten, Jan",
        "Beste, wij zijn een kleine kmo uit Vlaanderen en zoeken betrouwbare bedrijven of "
        "kennisinstellingen die ons kunnen helpen met %s. Alvast bedankt!",
        "In het kader van een nieuw innovatieproject willen wij samen met partners uit de regio "
        "werken aan %s.",
        "Hallo, ik ben zaakvoerder van een bedrijf in Gent en ben op zoek naar een partner voor %s",
        "Onze onderneming ontwikkelt een nieuw product en heeft daarvoor expertise nodig rond %s.",
        "Kent u iemand met kennis van %s?",
    ),
    "fr": (
        "%s",
        "Bonjour à tous. Nous cherchons un partenaire pour : %s.",
        "Madame, Monsieur,\n\nnotre entreprise recherche un partenaire fiable pour %s.\n\n"
        "Cordialement,\nAnne",
        "Dans le cadre d'un nouveau projet, nous souhaitons travailler avec des partenaires de la "
        "région sur le thème : %s. Merci d'avance.",
        "Connaissez-vous quelqu'un pour %s ?",
    ),
    "de": (
        "%s",
        "Guten Tag zusammen. Wir suchen jemanden für %s.",
        "Sehr geehrte Damen und Herren,\n\nwir sind ein kleines Unternehmen aus Aachen und suchen "
        "einen Partner für %s.\n\nMit freundlichen Grüßen\nAnne",
        "Im Rahmen eines neuen Projekts möchten wir gemeinsam mit Partnern aus der Region am Thema "
        "arbeiten: %s. Vielen Dank im Voraus.",
        "Wer kann uns helfen? Es geht um %s.",
    ),
    "en": (
        "%s",
        "Hello everybody. We are looking for someone for %s.",
        "Dear all,\n\nwe are a small company from Flanders and seek a reliable partner for %s."
        "\n\nKind regards,\nAnne",
        "As part of a new project we would like to work with partners from the region on %s. "
        "Many thanks.",
        "Do you know anybody with experience in %s?",
    ),
}


def main() -> None:
    with built_corpus() as provider:
        settings = provider.settings
        answers = AnswerCache(MemoryCache(), settings.cache_ttl)
        recommender = Recommender(provider, answers, settings.long_tail)
        print("            as the service asks          with every word counted")
        print("            bare   otherwise   worst     bare   otherwise   worst")
        for language, ways in PUT.items():
            asked = [" ".join(one.split()) for one in ASKED[language].split("|")]
            line = ""
            for way in (strip_courtesies, str):
                with patch.object(understand, "strip_courtesies", way):
                    bare, *others = [_mean_rank(recommender, put, asked) for put in ways]
                line += f"{bare:9.2f} {sum(others) / len(others):11.2f} {min(others):7.2f}"
            print(f"{language:5} {line}")


def _mean_rank(recommender: Recommender, put: str, asked: list[str]) -> float:
    """Return the mean reciprocal rank of the right organisations."""
    snapshot = recommender.corpus_provider.snapshot()
    found = []
    for right, text in zip(RIGHT, asked, strict=True):
        rows = recommender.ranked_rows(snapshot, Question(text=put % text))[:DEPTH]
        ids = [snapshot.corpus.ids[row] for row in rows.tolist()]
        found.append(reciprocal_rank(ids, {f"demo:{right}"}))
    return sum(found) / len(found)


if __name__ == "__main__":
    main()
