from __future__ import annotations

import csv
from pathlib import Path

import pytest

import embeddings.subjects
from embeddings.language import LANGUAGES
from embeddings.lexicon import Lexicon, shipped_lexicon
from embeddings.lexicon.concepts import Concept
from embeddings.subjects import Subject, Subjects

FOLDER = Path(embeddings.subjects.__file__).parent
CHALLENGES = ["ageing", "raw-materials", "sustainability", "energy", "mobility", "health", "food"]

# text; domains and challenges that must be told; those that must not
SENTENCES = [
    (
        "We design electric vehicles and the charging stations that a bus company needs in town.",
        "mobility-and-transport",
        "mobility",
        "food clinical-care textiles",
        "food health",
    ),
    (
        "Onze onderzoeksgroep ontwikkelt sensoren en geïntegreerde schakelingen op silicium.",
        "nano-electronics",
        "",
        "agriculture pharma construction",
        "food health mobility",
    ),
    (
        "Nous valorisons les déchets plastiques par recyclage chimique en nouveaux polymères.",
        "plastics waste-and-recycling",
        "raw-materials",
        "space-and-aviation clinical-care",
        "mobility health",
    ),
    (
        "Wir entwickeln Wärmepumpen und Fernwärme für die Energiewende in Wohngebieten.",
        "energy",
        "energy",
        "food pharma photonics",
        "food health",
    ),
    (
        "Elderly people with dementia live longer at home thanks to assisted living technology.",
        "care-and-ageing",
        "ageing",
        "chemistry materials logistics-and-ports",
        "raw-materials mobility",
    ),
    (
        "Het consortium zuivert afvalwater met membranen en wint fosfor terug uit slib.",
        "water",
        "raw-materials",
        "software-and-ai space-and-aviation",
        "mobility ageing",
    ),
    (
        "Un nouveau vaccin contre la grippe est testé dans un essai clinique.",
        "pharma",
        "health",
        "construction energy mobility-and-transport",
        "mobility energy",
    ),
    (
        "Der Hafen von Antwerpen digitalisiert die Containerlogistik und den Güterverkehr.",
        "logistics-and-ports",
        "mobility",
        "agriculture basic-medicine",
        "food health",
    ),
    (
        "Robots and machine vision inspect welded parts on the production line.",
        "robotics-and-machines",
        "",
        "food water law-and-government",
        "food health ageing",
    ),
    (
        "Landbouwers gebruiken precisielandbouw om minder pesticiden op hun gewassen te spuiten.",
        "agriculture",
        "food",
        "space-and-aviation nano-electronics",
        "mobility ageing",
    ),
    (
        "La centrale photovoltaïque stocke son électricité dans des batteries lithium-ion.",
        "energy",
        "energy",
        "agriculture textiles education-and-training",
        "food health",
    ),
    (
        "Ein neuronales Netz erkennt Sprache und übersetzt sie mit maschinellem Lernen.",
        "software-and-ai",
        "",
        "energy water agriculture",
        "energy food mobility",
    ),
    (
        "Deep learning for the classification of tumours in magnetic resonance images of cancer "
        "patients in three hospitals.",
        "clinical-care",
        "health",
        "agriculture construction logistics-and-ports",
        "food mobility energy",
    ),
    (
        "Bouwbedrijven renoveren woningen met houtbouw, isolatie en circulaire bouwmaterialen.",
        "construction",
        "",
        "pharma space-and-aviation",
        "health food",
    ),
    (
        "Le laboratoire étudie la synthèse organique et la catalyse hétérogène de l'ammoniac.",
        "chemistry",
        "",
        "law-and-government logistics-and-ports",
        "ageing mobility food",
    ),
    (
        "Die Firma webt technische Textilien und Vliesstoffe aus Naturfasern.",
        "textiles",
        "",
        "energy pharma data-and-telecom",
        "health mobility",
    ),
    (
        "Satellites observe the Earth for climate models and early warning of drought.",
        "space-and-aviation environment-and-climate",
        "sustainability",
        "textiles pharma",
        "ageing mobility",
    ),
    (
        "Lasers, optische vezels en fotonische chips voor nauwkeurige spectroscopie.",
        "photonics",
        "",
        "food care-and-ageing",
        "food ageing",
    ),
    (
        "La pêche durable et l'aquaculture de moules en mer du Nord.",
        "forestry-fisheries-marine",
        "food",
        "nano-electronics pharma",
        "mobility health",
    ),
    (
        "Die Genomeditierung von Hefe verbessert die Fermentation im Bioreaktor.",
        "biotechnology",
        "",
        "construction logistics-and-ports",
        "mobility ageing",
    ),
    (
        "Steel, aluminium and their alloys are protected from corrosion by a ceramic coating.",
        "materials",
        "",
        "food clinical-care society-and-culture",
        "food health",
    ),
    (
        "Leerkrachten in het secundair onderwijs volgen een opleiding over digitale vaardigheden.",
        "education-and-training",
        "",
        "energy materials chemistry",
        "energy mobility",
    ),
    (
        "Le musée numérise son patrimoine culturel et l'histoire de la musique.",
        "society-and-culture",
        "",
        "energy chemistry pharma",
        "energy food",
    ),
    (
        "Das Projekt untersucht Risikokapital, Steuern und Gründung kleiner Unternehmen.",
        "economy-and-finance",
        "",
        "water pharma",
        "health food",
    ),
    (
        "Police forces share forensic evidence to fight organised crime and terrorism.",
        "security-and-defence",
        "",
        "food energy water",
        "food energy",
    ),
    (
        "Gemeenten en ministeries vereenvoudigen hun wetgeving en openbare aanbestedingen.",
        "law-and-government",
        "",
        "food photonics",
        "health food",
    ),
    (
        "Les trous noirs et la matière noire vus par un nouveau télescope en astrophysique.",
        "physics-and-mathematics",
        "",
        "food clinical-care",
        "food health mobility",
    ),
    (
        "Prothesen und medizinische Geräte für die Rehabilitation nach einer Operation.",
        "medical-devices",
        "health",
        "agriculture energy",
        "food energy",
    ),
    (
        "5G networks and edge computing bring low latency to the internet of things.",
        "data-and-telecom",
        "",
        "food pharma water",
        "food health",
    ),
    (
        "Verpleegkundigen in woonzorgcentra begeleiden ouderen die eenzaam zijn.",
        "care-and-ageing",
        "ageing",
        "chemistry energy",
        "energy mobility",
    ),
    (
        "L'industrie agroalimentaire cherche des additifs naturels pour le pain et le fromage.",
        "food",
        "food",
        "space-and-aviation security-and-defence",
        "mobility ageing",
    ),
    (
        "Seltene Erden und Kobalt werden aus Elektroschrott zurückgewonnen.",
        "waste-and-recycling",
        "raw-materials",
        "food clinical-care",
        "food health mobility",
    ),
    (
        "Biodiversity loss and air pollution harm ecosystems in nature reserves.",
        "environment-and-climate",
        "sustainability",
        "logistics-and-ports education-and-training",
        "mobility ageing",
    ),
    (
        "Neurowetenschappers onderzoeken hoe ontstekingen in de hersenen tot alzheimer leiden.",
        "basic-medicine",
        "health",
        "energy logistics-and-ports",
        "mobility food",
    ),
    (
        "Des drones et des avions plus légers pour l'industrie aéronautique.",
        "space-and-aviation",
        "",
        "food pharma water",
        "food health",
    ),
    (
        "Die Krankenhäuser behandeln Patienten nach einem Schlaganfall auf der Intensivstation.",
        "clinical-care",
        "health",
        "energy chemistry textiles",
        "energy food mobility",
    ),
    (
        "Hydrogen from electrolysis fuels ships and trucks in the port.",
        "energy mobility-and-transport",
        "energy mobility",
        "food basic-medicine",
        "food health",
    ),
    (
        "De melkveehouderij vermindert de uitstoot van methaan door ander diervoeder.",
        "agriculture",
        "food",
        "nano-electronics security-and-defence",
        "mobility ageing",
    ),
    (
        "La cybersécurité et la cryptographie protègent les données personnelles.",
        "security-and-defence",
        "",
        "food energy chemistry",
        "food energy",
    ),
    (
        "Bioplastik aus Algen ersetzt Verpackungen aus Polyethylen.",
        "plastics",
        "",
        "care-and-ageing law-and-government",
        "mobility ageing",
    ),
    (
        "Offshore wind turbines in the North Sea need stronger foundations and cables.",
        "energy",
        "energy",
        "food pharma",
        "food health",
    ),
    (
        "Treinen, trams en fietsen maken het woon-werkverkeer duurzamer.",
        "mobility-and-transport",
        "mobility",
        "pharma chemistry",
        "health food",
    ),
    (
        "Antibiotic resistance calls for new drugs; our chemists search for peptides that kill "
        "bacteria.",
        "pharma",
        "health",
        "construction energy",
        "energy mobility",
    ),
    (
        "Die Wälder leiden unter Dürre, und die Holzindustrie sucht widerstandsfähige Bäume.",
        "forestry-fisheries-marine",
        "sustainability",
        "nano-electronics pharma",
        "mobility ageing",
    ),
    (
        "Statistique bayésienne, équations différentielles et théorie des graphes.",
        "physics-and-mathematics",
        "",
        "food textiles",
        "food health",
    ),
    (
        "Additive manufacturing of spare parts on a new generation of machine tools.",
        "robotics-and-machines",
        "",
        "food pharma",
        "food health",
    ),
    (
        "Social isolation of migrants and refugees: a sociological study of social cohesion.",
        "society-and-culture",
        "",
        "energy chemistry water",
        "energy food",
    ),
    (
        "Overstromingen en waterschaarste: beter waterbeheer in het stroomgebied.",
        "water",
        "sustainability",
        "pharma textiles",
        "health mobility",
    ),
]


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return shipped_lexicon()


@pytest.fixture(scope="module")
def subjects(lexicon: Lexicon) -> Subjects:
    return Subjects(lexicon)


def rows_of(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def told(
    subjects: Subjects, text: str, topics: tuple[str, ...] = (), sectors: tuple[str, ...] = ()
) -> tuple[set[str], set[str]]:
    """The ids of what is told."""
    domains, challenges = subjects.of(text, topics, sectors)
    assert list(domains) == sorted(set(domains)) and len(domains) <= 4
    assert list(challenges) == sorted(set(challenges)) and len(challenges) <= 3
    return (
        {subjects.domains[one].id for one in domains},
        {subjects.challenges[one].id for one in challenges},
    )


@pytest.mark.parametrize(
    ("text", "domains", "challenges", "not_domains", "not_challenges"), SENTENCES
)
def test_sentences(
    subjects: Subjects,
    text: str,
    domains: str,
    challenges: str,
    not_domains: str,
    not_challenges: str,
) -> None:
    of_domain, of_challenge = told(subjects, text)
    assert set(domains.split()) <= of_domain
    assert set(challenges.split()) <= of_challenge
    assert not set(not_domains.split()) & of_domain
    assert not set(not_challenges.split()) & of_challenge


def test_an_empty_text_tells_nothing(subjects: Subjects) -> None:
    assert subjects.of("") == ((), ())
    assert subjects.of("This is about nothing in particular.", ("",), ("",)) == ((), ())


def test_one_concept_is_enough_in_a_short_text_only(subjects: Subjects) -> None:
    short = "We work on photovoltaics"
    assert told(subjects, short)[1] == {"energy"}
    assert told(subjects, short + " and on a few other things" * 2 + ".")[1] == set()


def test_two_concepts_are_needed_where_topics_tell(subjects: Subjects) -> None:
    topics = ("/natural sciences/chemical sciences/catalysis",)
    assert told(subjects, "We work on textiles", topics) == ({"chemistry"}, set())
    assert told(subjects, "Textiles of cotton", topics)[0] == {"chemistry", "textiles"}


@pytest.mark.parametrize(
    ("path", "domains", "challenges"),
    [
        (
            "/natural sciences/biological sciences/ecology/ecosystems",
            "environment-and-climate",
            "sustainability",
        ),
        (
            "/natural sciences/biological sciences/genetics/genomes/some genomes",
            "biotechnology",
            "",
        ),
        ("/engineering and technology/materials engineering/composites", "materials", ""),
        ("/engineering and technology/materials engineering/textiles", "textiles", ""),
        (
            "/engineering and technology/electrical engineering, electronic engineering, "
            "information engineering/electronic engineering/robotics",
            "robotics-and-machines",
            "",
        ),
        (
            "/engineering and technology/electrical engineering, electronic engineering, "
            "information engineering/electronic engineering/sensors",
            "nano-electronics",
            "",
        ),
        (
            "/engineering and technology/environmental engineering/energy and fuels/fuel cells",
            "energy",
            "energy",
        ),
        (
            "/engineering and technology/mechanical engineering/vehicle engineering",
            "mobility-and-transport",
            "mobility",
        ),
        (
            "/agricultural sciences/agriculture, forestry, and fisheries/forestry",
            "forestry-fisheries-marine",
            "food",
        ),
        (
            "/medical and health sciences/basic medicine/pharmacology and pharmacy/drug discovery",
            "pharma",
            "health",
        ),
        (
            "/medical and health sciences/basic medicine/neurology/dementia/alzheimer",
            "basic-medicine",
            "ageing",
        ),
        (
            "/social sciences/political sciences/political policies/public policies",
            "law-and-government",
            "",
        ),
        ("/humanities/philosophy, ethics and religion", "society-and-culture", ""),
        ("/Natural Sciences/Mathematics/", "physics-and-mathematics", ""),
        ("/natural sciences", "", ""),
        ("/no such thing/at all", "", ""),
    ],
)
def test_the_deepest_listed_node_of_a_topic_path_tells(
    subjects: Subjects, path: str, domains: str, challenges: str
) -> None:
    assert told(subjects, "", (path,)) == (set(domains.split()), set(challenges.split()))


@pytest.mark.parametrize(
    "path",
    [
        "natural sciences/mathematics",
        "natural sciences/computer and information sciences",
        "natural sciences/physical sciences",
        "natural sciences/chemical sciences",
        "natural sciences/earth and related environmental sciences",
        "natural sciences/biological sciences",
        "engineering and technology/civil engineering",
        "engineering and technology/electrical engineering, electronic engineering, "
        "information engineering",
        "engineering and technology/mechanical engineering",
        "engineering and technology/chemical engineering",
        "engineering and technology/materials engineering",
        "engineering and technology/medical engineering",
        "engineering and technology/environmental engineering",
        "engineering and technology/environmental biotechnology",
        "engineering and technology/industrial biotechnology",
        "engineering and technology/nanotechnology",
        "engineering and technology/other engineering and technologies",
        "medical and health sciences/basic medicine",
        "medical and health sciences/clinical medicine",
        "medical and health sciences/health sciences",
        "medical and health sciences/medical biotechnology",
        "medical and health sciences/other medical sciences",
        "agricultural sciences/agriculture, forestry, and fisheries",
        "agricultural sciences/animal and dairy science",
        "agricultural sciences/veterinary sciences",
        "agricultural sciences/agricultural biotechnology",
        "agricultural sciences/other agricultural sciences",
        "social sciences/psychology",
        "social sciences/economics and business",
        "social sciences/educational sciences",
        "social sciences/sociology",
        "social sciences/law",
        "social sciences/political sciences",
        "social sciences/social geography",
        "social sciences/media and communications",
        "social sciences/other social sciences",
        "humanities/history and archaeology",
        "humanities/languages and literature",
        "humanities/philosophy, ethics and religion",
        "humanities/arts",
        "humanities/other humanities",
    ],
)
def test_every_second_level_node_tells_a_domain(subjects: Subjects, path: str) -> None:
    assert told(subjects, "", ("/" + path,))[0]


def test_topics_go_before_the_text(subjects: Subjects) -> None:
    text = "Police and forensics, wool, cotton and weaving, hospitals and patients, solar energy."
    topics = (
        "/natural sciences/mathematics",
        "/natural sciences/chemical sciences",
        "/humanities/arts",
        "/social sciences/law",
    )
    four = {"physics-and-mathematics", "chemistry", "society-and-culture", "law-and-government"}
    assert told(subjects, text, topics)[0] == four
    assert told(subjects, text, topics[:3])[0] > four - {"law-and-government"}


def test_the_most_evidence_counts_where_there_is_too_much(subjects: Subjects) -> None:
    paths = [
        "/natural sciences/chemical sciences",
        "/humanities/arts",
        "/social sciences/law",
        "/natural sciences/mathematics",
        "/engineering and technology/materials engineering",
    ]
    without_chemistry = {
        "society-and-culture",
        "law-and-government",
        "physics-and-mathematics",
        "materials",
    }
    assert told(subjects, "", tuple(paths[1:] * 2 + paths[:1]))[0] == without_chemistry


@pytest.mark.parametrize(
    ("sector", "domains", "challenges"),
    [
        ("nano-electronics", "nano-electronics", ""),
        ("Nano-elektronica", "nano-electronics", ""),
        ("chemistry", "chemistry", ""),
        ("machinebouw", "robotics-and-machines", ""),
        ("matériaux", "materials", ""),
        ("automation", "robotics-and-machines", ""),
        ("MOBILITY", "mobility-and-transport", "mobility"),
        ("Énergie", "energy", "energy"),
        ("energie", "energy", "energy"),
        ("halfgeleiders", "nano-electronics", ""),
        ("tuinbouw", "agriculture", "food"),
        ("Bau", "construction", ""),
        ("aéronautique", "space-and-aviation", ""),
        ("software", "software-and-ai", ""),
        ("recyclage", "waste-and-recycling", "raw-materials"),
        ("waste-and-recycling", "waste-and-recycling", ""),
        ("materials engineering", "materials", ""),
        ("ouderenzorg", "care-and-ageing", "ageing"),
        ("something else", "", ""),
    ],
)
def test_sectors(subjects: Subjects, sector: str, domains: str, challenges: str) -> None:
    of_domain, of_challenge = told(subjects, "", (), (sector,))
    assert of_domain == set(domains.split())
    assert set(challenges.split()) <= of_challenge


def test_sectors_add_to_what_the_text_tells(subjects: Subjects) -> None:
    assert told(subjects, "We weave textiles of cotton", (), ("chemistry", "energy")) == (
        {"textiles", "chemistry", "energy"},
        {"energy"},
    )


@pytest.mark.parametrize(
    ("file", "fewest", "most"), [("domains.csv", 25, 90), ("challenges.csv", 20, 60)]
)
def test_the_files_are_whole(lexicon: Lexicon, file: str, fewest: int, most: int) -> None:
    rows = rows_of(file)
    known = {concept.name for concept in lexicon.concepts}
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids))
    for row in rows:
        concepts, topics = row["concepts"].split("|"), row["topics"].split("|")
        assert set(concepts) <= known, row["id"]
        assert fewest <= len(concepts) == len(set(concepts)) <= most, row["id"]
        assert topics == [topic.strip().lower() for topic in topics] and all(topics), row["id"]
        assert len(topics) == len(set(topics)), row["id"]
    for code in LANGUAGES:
        labels = [row[code] for row in rows]
        assert all(label.strip() for label in labels)
        assert len(labels) == len(set(labels))


def test_subjects_are_those_of_the_files(subjects: Subjects) -> None:
    assert 26 <= len(subjects.domains) <= 32
    assert [one.id for one in subjects.domains] == [row["id"] for row in rows_of("domains.csv")]
    assert [one.id for one in subjects.challenges] == CHALLENGES
    food = Subject("food", {"nl": "Voeding", "fr": "Alimentation", "de": "Ernährung", "en": "Food"})
    assert subjects.challenges[-1] == food


def test_concepts_that_a_lexicon_lacks_are_passed_over() -> None:
    few = Subjects(Lexicon([Concept({"en": ("wool",)}), Concept({"en": ("Cotton",)})]))
    assert told(few, "wool") == (set(), set())
    assert told(few, "cotton") == ({"textiles"}, set())
    assert told(few, "solar energy", (), ("chemistry",))[0] == {"chemistry"}
