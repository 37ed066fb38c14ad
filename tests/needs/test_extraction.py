from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import matcher.demo
import matcher.needs.extraction
from embeddings.language import LANGUAGES
from embeddings.lexicon import Lexicon, shipped_lexicon
from embeddings.words import normalise
from matcher.domain import Need, NeedLevel, Stage
from matcher.needs.extraction import extract_needs, stage_of

MUST, NICE = NeedLevel.MUST, NeedLevel.NICE
RESEARCH, DEVELOPMENT, PILOT = Stage.RESEARCH, Stage.DEVELOPMENT, Stage.PILOT
PRODUCTION, SUPPLY, MARKET = Stage.PRODUCTION, Stage.SUPPLY, Stage.MARKET
REGULATION, TRAINING, FINANCE = Stage.REGULATION, Stage.TRAINING, Stage.FINANCE


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return shipped_lexicon()


def demo_brief(identifier: str) -> str:
    path = Path(matcher.demo.__file__).parent / "data" / "initiatives.ndjson"
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return next(str(one["brief"]) for one in lines if one["id"] == identifier)


def found(needs: list[Need], *words: str) -> Need:
    """The one need that holds all the words."""
    fitting = [one for one in needs if all(word in one.text for word in words)]
    assert len(fitting) == 1, (words, [one.text for one in needs])
    return fitting[0]


def test_nano_for_health_lacks_its_industry(lexicon: Lexicon) -> None:
    needs = extract_needs(demo_brief("demo:nano-for-health"), lexicon)
    found(needs, "packages the chip")
    assert found(needs, "trained").stage is TRAINING
    found(needs, "Insurers")
    assert not any("joins a strong specialisation" in one.text for one in needs)


def test_fisch_seeks_finance(lexicon: Lexicon) -> None:
    needs = extract_needs(demo_brief("demo:fisch"), lexicon)
    assert found(needs, "financiering voor de eerste fabriek").stage is FINANCE
    assert not any("innovatieplatform" in one.text for one in needs)
    assert not any("routekaart" in one.text for one in needs)


SEAWEED = """\
Zeewierwerf Westkust

Zeewierwerf werd in 2014 opgericht door drie vissersfamilies. De zee is ons erfgoed en samen \
zijn we sterk.
We hebben al een kweekvergunning voor twaalf hectare op zee. De boten varen en de lijnen hangen \
er, m.a.w. het wier groeit.

Wat ontbreekt:
- een bioraffinagelijn die alginaat uit nat wier haalt, eerst op pilootschaal (ca. 2,5 ton per \
week);
- een verwerker die het wier binnen 24 uur droogt en verpakt in grote reeksen
- opleiding van matrozen tot kwekers, bv. met avondlessen

We willen ook weten of residuen van zware metalen onder de norm blijven; dat vraagt analyses \
door een geaccrediteerd labo. Idealiter vinden we ook een distributeur die het wier aan \
restaurants in Noord-Frankrijk verkoopt. Een lening voor de droogoven is nodig."""

GREEN_ROOFS = """\
Toitures vivantes est une association née en 2011 à l'initiative de M. Delcourt, architecte. \
Nous disposons déjà de substrats légers éprouvés et d'un toit d'essai de 400 m² à Namur. Il nous \
manque un industriel capable de fabriquer des bacs précultivés en grande série, un logisticien \
pour livrer les bacs sur chantier et un bureau d'études qui calcule la charge admissible des \
toits existants. Les couvreurs doivent être formés à la pose des membranes anti-racines. La \
certification au feu des bacs reste à obtenir. Si possible, un assureur pourrait proposer une \
garantie décennale adaptée. Unissons nos forces pour la ville de demain !"""

WOOD_FIBRE = """\
Die Initiative Holzfaser Nord vereint Sägewerke und Hochschulen. Unsere Dämmplatten aus \
Buchenspänen sind im Labor bewährt. Wir suchen einen Anlagenbauer, der eine Pilotanlage für die \
Trockenverfestigung auslegt, ein Sägewerk, das 3.000 Tonnen Buchenspäne pro Jahr liefert, und \
eine Prüfstelle für die bauaufsichtliche Zulassung der Platten. Zimmerleute sollen lernen, wie \
man die Platten einbläst und verarbeitet. Wünschenswert wäre außerdem ein Forschungspartner, der \
das Quellverhalten der Fasern untersucht. Für den Bau des Werks wird Eigenkapital von 4 Mio. \
Euro benötigt."""

COOL_CRATES = """\
1. Background
CoolCrate Alliance was founded in 2019. Food waste is a big challenge worldwide and today 30% of \
fruit is lost.

2. What we have
Our phase-change panels keep berries at 4 °C for two days, e.g. in a van without cooling. A \
field trial with two growers is already running.

3. What we need
(a) injection moulding of the crate shells in volumes of fifty thousand a year; (b) a supplier \
of bio-based paraffin; (c) approval of the panels for food contact.
We also want to understand how humidity in the crate affects mould growth on berries. \
Supermarkets should agree to a return scheme for the crates, and drivers need to be trained in \
handling them.

4. Nice to have
A telematics firm that adds a temperature logger to every crate."""


def test_seaweed(lexicon: Lexicon) -> None:
    needs = extract_needs(SEAWEED, lexicon)
    read = {(need.text, need.level, need.stage) for need in needs}
    assert read >= {
        (
            "bioraffinagelijn die alginaat uit nat wier haalt, eerst op pilootschaal "
            "(ca. 2,5 ton per week)",
            MUST,
            PILOT,
        ),
        (
            "verwerker die het wier binnen 24 uur droogt en verpakt in grote reeksen",
            MUST,
            PRODUCTION,
        ),
        ("opleiding van matrozen tot kwekers, bv. met avondlessen", MUST, TRAINING),
        ("distributeur die het wier aan restaurants in Noord-Frankrijk verkoopt", NICE, MARKET),
        ("lening voor de droogoven", MUST, FINANCE),
    }
    assert not any("kweekvergunning" in need.text for need in needs)


def test_green_roofs(lexicon: Lexicon) -> None:
    needs = extract_needs(GREEN_ROOFS, lexicon)
    read = {(need.text, need.level, need.stage) for need in needs}
    assert read >= {
        ("industriel capable de fabriquer des bacs précultivés en grande série", MUST, PRODUCTION),
        ("logisticien pour livrer les bacs sur chantier", MUST, SUPPLY),
        ("bureau d'études qui calcule la charge admissible des toits existants", MUST, RESEARCH),
        ("couvreurs doivent être formés à la pose des membranes anti-racines", MUST, TRAINING),
        ("certification au feu des bacs reste à obtenir", MUST, REGULATION),
    }
    assert not any("substrats" in need.text for need in needs)


def test_wood_fibre(lexicon: Lexicon) -> None:
    needs = extract_needs(WOOD_FIBRE, lexicon)
    read = {(need.text, need.level, need.stage) for need in needs}
    assert read >= {
        ("Anlagenbauer, der eine Pilotanlage für die Trockenverfestigung auslegt", MUST, PILOT),
        ("Sägewerk, das 3.000 Tonnen Buchenspäne pro Jahr liefert", MUST, SUPPLY),
        ("Prüfstelle für die bauaufsichtliche Zulassung der Platten", MUST, REGULATION),
        ("Forschungspartner, der das Quellverhalten der Fasern untersucht", NICE, RESEARCH),
    }
    assert not any("Hochschulen" in need.text for need in needs)


def test_cool_crates(lexicon: Lexicon) -> None:
    needs = extract_needs(COOL_CRATES, lexicon)
    read = {(need.text, need.level, need.stage) for need in needs}
    assert read >= {
        (
            "injection moulding of the crate shells in volumes of fifty thousand a year",
            MUST,
            PRODUCTION,
        ),
        ("supplier of bio-based paraffin", MUST, SUPPLY),
        ("approval of the panels for food contact", MUST, REGULATION),
    }
    assert not any("phase-change" in need.text for need in needs)


STAGES = """
research: Doctoraatsonderzoek naar de hechting van biofilms op roestvrij staal
research: Wij willen begrijpen waarom de eiwitten tijdens het drogen samenklonteren
research: Une équipe universitaire pour étudier la fatigue des alliages imprimés en 3D
research: Identification de gènes liés à la tolérance à la sécheresse
research: Grundlagenforschung zu Grenzflächen in Festkörperbatterien
research: Erforschen, wie Mikroplastik durch den Boden wandert
research: Fundamental study of heat transfer in porous ceramics
research: Unravel the mechanism by which the enzyme degrades polyester
development: Ontwerp en simulatie van een lichte behuizing voor de sensor
development: Klinische validatie van de app bij tachtig patiënten
development: Développement d'un algorithme qui détecte les fuites dans le réseau d'eau
development: Prototype d'un robot de désherbage à tester en plein champ
development: Entwicklung eines Steuergeräts für kleine Windräder
development: Klinische Prüfung des Verbands an sechzig Patienten
development: Software engineers who integrate the camera with the control system
development: Proof of concept for a membrane that separates lithium from brine
pilot: Opschaling van het extractieproces in een gedeelde piloothal
pilot: Demonstratie van het warmtenet in een proefproject met honderd woningen
pilot: Une ligne pilote pour enduire des films souples
pilot: Démonstration en conditions réelles dans un quartier de Liège
pilot: Pilotlinie für das Gehäusen von Sensorchips
pilot: Ein Reallabor, in dem autonome Lieferwagen ausprobiert werden
pilot: A test bed at the port where hydrogen trucks can be tried
pilot: Scale-up of the bioreactor to two cubic metres at a demonstration site
production: Serieproductie van composietprofielen voor de bouw
production: Een bedrijf dat drukklare folies in grote aantallen vervaardigt
production: Fabrication en série de boîtiers par moulage par injection
production: Une usine qui assemble les modules de batteries
production: Lohnfertigung von Tabletten mit automatischer Abfüllung
production: Ein Betrieb, der Gehäuse fräst und jährlich zwanzigtausend Geräte herstellt
production: Volume manufacturing of printed electrodes
production: Machining and welding of stainless steel frames made to order
supply: Aanvoer van gerecycleerd glas in vaste hoeveelheden
supply: Een logistieke partner met koelwagens en een magazijn bij de haven
supply: Fourniture de laine locale par des éleveurs
supply: Collecte et stockage des huiles usagées
supply: Lieferant für Rapsstroh mit Rückverfolgbarkeit bis zum Feld
supply: Beschaffung von Seltenen Erden aus altem Elektroschrott
supply: A steady supply of sorted textile waste
supply: Farmers who deliver sugar beet pulp within a day of harvest
market: Marktonderzoek en een eerste klant in de bouwsector
market: Terugbetaling door het ziekenfonds en gezondheidseconomische onderbouwing
market: Étude de marché et modèle d'affaires pour l'autopartage rural
market: Une enseigne de grande distribution prête à vendre nos pâtes
market: Vertriebspartner für Österreich und die Schweiz
market: Kostenerstattung durch die Krankenkassen
market: Export sales and distribution in Scandinavia
market: Launching customers among hotels and a pricing strategy
regulation: CE-markering volgens de machinerichtlijn en het technisch dossier
regulation: Juridisch advies over octrooien en privacy
regulation: Autorisation de mise sur le marché et évaluation toxicologique selon REACH
regulation: Permis d'environnement et normes de bruit
regulation: Genehmigung nach dem Immissionsschutzrecht
regulation: Zertifizierung nach ISO 13485 und Ökobilanz
regulation: Life cycle assessment and compliance with packaging legislation
regulation: A notified body for conformity assessment
training: Opleiding van installateurs van warmtepompen
training: Des formations pour les conducteurs de bus électriques
training: Un lycée technique qui ouvre un apprentissage en robotique
training: Schulung von Pflegekräften am neuen Bettsensor
training: Vocational courses for drone pilots
training: Retraining of miners as geothermal technicians
finance: Een investeringsfonds dat instapt in de eerste kapitaalronde
finance: Bankkrediet met waarborg voor nieuwe machines
finance: Levée de fonds auprès d'investisseurs privés
finance: Wagniskapital für die Gründung
finance: Kredit der Förderbank für den Neubau
finance: Venture capital and a public loan for the plant
none: Samen sterk in de regio
none: Bonjour à toutes et à tous
none: Unser Name ist Programm
none: We meet every Tuesday at the town hall
none: Blue elephants
"""

WRITTEN_BEFORE_THE_VOCABULARY = """
research: Ons labo bestudeert hoe bacteriën stikstof in de bodem vastleggen
research: Comprendre les mécanismes de dégradation des polymères en milieu marin
research: Wir untersuchen die Grundlagen der Ladungsträgerdynamik in Perowskiten
research: A university group that explores fundamental questions about plant immunity
research: Discovery of new antibiotics from soil fungi
development: Een prototype bouwen van een draagbare hartmonitor en het uittesten bij patiënten
development: Mettre au point un logiciel de planification pour les tournées de collecte
development: Entwurf und Erprobung eines neuen Getriebes für Lastenräder
development: Engineers who design embedded firmware and validate it on a test bench
development: Clinical trials of a wearable insulin pump
pilot: Een proefinstallatie waar nieuwe eiwitten op halfgrote schaal gemaakt worden
pilot: Une halle technologique pour le passage à l'échelle de la fermentation
pilot: Eine Demonstrationsanlage im Technikumsmaßstab für das Recycling von Verbundwerkstoffen
pilot: A living lab in two streets where heat networks are tried out before roll-out
pilot: Scaling up the coating process from the bench to a hundred litres
production: Een loonwerker die kunststofdelen spuitgiet en verpakt in grote reeksen
production: Un atelier d'usinage capable de fabriquer dix mille pièces par mois
production: Ein Auftragsfertiger, der Leiterplatten in Serie bestückt
production: Contract manufacturer running three shifts of sterile filling
production: Fabriek die isolatieplaten maakt uit vlas
supply: Een leverancier van gesorteerd houtafval met een vaste kwaliteit
supply: Approvisionnement en algues séchées par des exploitants de la côte
supply: Landwirte, die Hanfstroh liefern, und ein Lager mit Transport zum Werk
supply: Traceable sourcing of recycled cobalt and nickel
supply: Cold chain logistics and warehousing for fresh ingredients
market: Klanten vinden in de zorg en de verkoop opstarten in Duitsland
market: Des distributeurs pour commercialiser l'appareil auprès des pharmacies
market: Vertrieb und Markteinführung des Systems bei Stadtwerken
market: Reimbursement by health insurers and evidence of cost-effectiveness
market: A retailer who puts the product on the shelf and knows what consumers buy
regulation: Vergunningen en de milieueffectrapportage voor de nieuwe site
regulation: Constituer le dossier d'homologation et le marquage CE du dispositif
regulation: Zulassung nach der Medizinprodukteverordnung und Normenkonformität
regulation: Expert in REACH dossiers and patent law
regulation: Approval by the novel food authority and compliance with labelling rules
training: Een school die lassers en technici bijschoolt
training: Former des aides-soignants à l'utilisation des nouveaux appareils
training: Weiterbildung von Landwirten und Lehrlingen in der Präzisionslandwirtschaft
training: Courses that teach technicians how to maintain wind turbines
training: Upskilling the workforce for automated warehouses
finance: Durfkapitaal voor de uitbouw van een jong bedrijf
finance: Un prêt bancaire et des subventions pour la première usine
finance: Investoren, die eine Anschubfinanzierung für die erste Anlage übernehmen
finance: Seed money from business angels who understand hardware
finance: A fund that invests in circular start-ups
"""


def share_right(table: str) -> float:
    rows = [line.split(": ", 1) for line in table.strip().splitlines()]
    wrong = [
        (wanted, got, text)
        for wanted, text in rows
        if (got := str(stage_of(text) or "none")) != wanted
    ]
    print(wrong)
    return 1 - len(wrong) / len(rows)


@pytest.mark.parametrize("table", [STAGES, WRITTEN_BEFORE_THE_VOCABULARY])
def test_stages_in_four_languages(table: str) -> None:
    assert share_right(table) >= 0.85


def test_the_vocabulary_is_wide_and_each_label_means_one_stage() -> None:
    path = Path(matcher.needs.extraction.__file__).with_name("stages.tsv")
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(lines, delimiter="	", quoting=csv.QUOTE_NONE))
    for code in LANGUAGES:
        stages: dict[str, set[str]] = {}
        for row in rows:
            if row["stage"] in set(Stage) | {"none"}:
                for label in row[code].split("|"):
                    assert label.strip() == label != ""
                    stages.setdefault(label.casefold(), set()).add(row["stage"])
        assert [label for label, several in stages.items() if len(several) > 1] == []
        for stage in Stage:
            assert sum(stage in several for several in stages.values()) >= 25, (stage, code)


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("", None),
        ("the products are blue", None),
        ("training data for a classifier", None),
        ("REACH", REGULATION),
        ("Serienfertigung", PRODUCTION),
        ("een pilootlijncoördinator", PILOT),
        ("wij leiden elk jaar veertig operatoren op", TRAINING),
        ("wir bilden Mechatroniker für Windparks aus", TRAINING),
    ],
)
def test_stage_of_words(text: str, stage: Stage | None) -> None:
    assert stage_of(text) is stage


@pytest.mark.parametrize("empty", ["", "  \n\t ", "...", "!?", "-", "a"])
def test_nothing_asks_for_nothing(lexicon: Lexicon, empty: str) -> None:
    assert extract_needs(empty, lexicon) == []


def test_empty_talk_asks_for_nothing(lexicon: Lexicon) -> None:
    talk = (
        "Together we join forces in an innovation platform of excellence. The consortium was "
        "founded in 2012 and brings together proud partners from all over the world."
    )
    assert extract_needs(talk, lexicon) == []


@pytest.mark.parametrize(
    ("title", "need"),
    [
        ("Vlasvezels in de bouw", Need("Vlasvezels in de bouw")),
        ("Pilot line for perovskite cells", Need("Pilot line for perovskite cells", stage=PILOT)),
        ("Gezocht: spuitgieter", Need("spuitgieter", stage=PRODUCTION)),
    ],
)
def test_a_title_is_one_need(lexicon: Lexicon, title: str, need: Need) -> None:
    assert extract_needs(title, lexicon) == [need]


@pytest.mark.parametrize(
    ("brief", "asked"),
    [
        (
            "We zoeken een partner voor serieproductie van sensoren; financiering zoeken we niet. "
            "Geen software nodig.",
            ["serieproductie van sensoren"],
        ),
        (
            "Nous cherchons un partenaire pour la production en série. Nous n'avons pas besoin de "
            "financement pour la première usine.",
            ["production en série"],
        ),
        (
            "Wir suchen einen Partner für die Serienfertigung von Sensoren. Wir brauchen keine "
            "Zulassung nach IVDR.",
            ["Serienfertigung von Sensoren"],
        ),
        (
            "We do not need any regulatory help; we need a contract manufacturer and ideally a "
            "distributor in Germany.",
            ["contract manufacturer", "distributor in Germany"],
        ),
    ],
)
def test_what_isnt_needed_is_no_need(lexicon: Lexicon, brief: str, asked: list[str]) -> None:
    assert [one.text for one in extract_needs(brief, lexicon)] == asked


def test_a_brief_that_declines_everything_has_no_needs(lexicon: Lexicon) -> None:
    assert (
        extract_needs("Wij hebben geen partner nodig voor software; geen investeerder.", lexicon)
        == []
    )


@pytest.mark.parametrize("heading", ["Gezocht:", "Gezochte partners:", "Ontbrekende partners:"])
def test_a_heading_says_what_is_sought(lexicon: Lexicon, heading: str) -> None:
    brief = f"""Zwembad in Gent, met minder water en minder energie.

{heading}
- producent van keramische membranen
- een investeerder"""
    assert [one.text for one in extract_needs(brief, lexicon)] == [
        "producent van keramische membranen",
        "investeerder",
    ]


@pytest.mark.parametrize(
    ("brief", "texts"),
    [
        (
            "We lack a pilot line for coatings and a lender for the first plant.",
            ["pilot line for coatings", "lender for the first plant"],
        ),
        (
            "Er bestaat geen pilootlijn voor zetmeelfolie in onze provincie.",
            ["Er bestaat geen pilootlijn voor zetmeelfolie in onze provincie"],
        ),
    ],
)
def test_what_is_lacking_is_a_need(lexicon: Lexicon, brief: str, texts: list[str]) -> None:
    assert [need.text for need in extract_needs(brief, lexicon)] == texts


@pytest.mark.parametrize(
    "brief",
    [
        "Ideally, a retailer would sell the oat drink in his shops and pay in advance.",
        "Graag ook een verdeler die de haverdrank in Duitsland verkoopt aan winkels.",
        "Un distributeur pour la boisson d'avoine en Bretagne serait souhaitable.",
        "Wünschenswert wäre ein Vertriebspartner, der den Haferdrink in Bayern verkauft.",
    ],
)
def test_a_hedge_makes_it_nice_to_have(lexicon: Lexicon, brief: str) -> None:
    needs = extract_needs(brief, lexicon)
    assert needs[0].level is NICE
    assert MARKET in {one.stage for one in needs}


def test_full_stops_that_end_nothing(lexicon: Lexicon) -> None:
    brief = (
        "We need injection moulding of lids, e.g. from M. Dubois or Dr. Klein, at 0.5 mm. "
        "Wir brauchen z.B. eine Zulassung für Deckel mit ca. 3 mm Dicke. "
        "Ook zoeken we bv. een leverancier van gerecycleerd polypropyleen."
    )
    texts = [one.text for one in extract_needs(brief, lexicon)]
    assert "injection moulding of lids, e.g. from M. Dubois or Dr. Klein, at 0.5 mm" in texts
    assert any(text.endswith("Zulassung für Deckel mit ca. 3 mm Dicke") for text in texts)
    assert any(text.endswith("leverancier van gerecycleerd polypropyleen") for text in texts)


def test_wrapped_lines_are_one_sentence(lexicon: Lexicon) -> None:
    wrapped = "We need a contract manufacturer who fills and\nseals glass vials of vaccine."
    whole = wrapped.replace("\n", " ")
    assert extract_needs(wrapped, lexicon) == extract_needs(whole, lexicon)
    (need,) = extract_needs(whole, lexicon)
    assert need.text == "contract manufacturer who fills and seals glass vials of vaccine"


def test_who_says_it_twice_asks_once(lexicon: Lexicon) -> None:
    brief = (
        "We will build a pilot plant for the extraction of lignin. What else? "
        "What is missing is a pilot plant for the extraction of lignin from straw."
    )
    (need,) = extract_needs(brief, lexicon)
    assert need == Need("pilot plant for the extraction of lignin from straw", MUST, 1.0, PILOT)


def test_what_is_nice_to_have_goes_first_where_there_are_too_many(lexicon: Lexicon) -> None:
    whole = extract_needs(SEAWEED, lexicon)
    few = extract_needs(SEAWEED, lexicon, limit=4)
    assert len(few) == 4
    assert [one for one in whole if one in few] == few
    assert {one.level for one in few} == {MUST}
    assert extract_needs(SEAWEED, lexicon, limit=0) == []


ODD = st.text(alphabet="aeé, .;:-()\n1•ßİ́ und en et we need pilot line ontbreekt", max_size=300)
WORDS = st.lists(
    st.sampled_from(
        "we need a pilot line , and ; : . training of nurses REACH we have zoeken een lening "
        "il manque une usine ideally chips sensors (optional) 1. - \n since 2010".split(" ")
    ),
    max_size=150,
).map(" ".join)


@settings(deadline=None, max_examples=150)
@given(brief=st.one_of(st.text(max_size=400), ODD, WORDS), most=st.integers(-1, 15))
@example(brief="x" * 600, most=12)
@example(brief="we need " + "training and REACH permits, " * 60, most=12)
@example(brief="(a) (b)\n1.\n2) loans:", most=3)
def test_needs_keep_to_their_bounds(brief: str, most: int) -> None:
    needs = extract_needs(brief, shipped_lexicon(), most)
    assert len(needs) <= max(most, 0)
    known = set(re.findall(r"\w+", normalise("NFC", brief)))
    for need in needs:
        assert 3 <= len(need.text) <= 500
        assert set(re.findall(r"\w+", need.text)) <= known
        assert need.weight in (0.6, 1.0, 1.5)
    assert extract_needs(brief, shipped_lexicon(), most) == needs


def test_a_long_line_without_a_stop_is_cut_between_words(lexicon: Lexicon) -> None:
    brief = "We need a pilot plant with " + "pumps of steel with valves of brass with " * 30
    needs = extract_needs(brief, lexicon)
    assert all(len(need.text) <= 500 for need in needs)
    assert set(" ".join(need.text for need in needs).split()) <= set(brief.split())
