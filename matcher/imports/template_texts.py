"""What the empty form says: three invented organisations, and help in the four languages.

Help is in Dutch, French, German and English, in this order.
"""

from __future__ import annotations

EXAMPLES: tuple[dict[str, object], ...] = (
    {
        "id": "org:zilverwilg-composiet",
        "name": "Zilverwilg Composiet (voorbeeld)",
        "short_name": "Zilverwilg",
        "type": "company",
        "size": "small",
        "sme": True,
        "city": "Gent",
        "country": "BE",
        "region": "BE234",
        "latitude": 51.05,
        "longitude": 3.72,
        "sectors": ["biocomposieten", "machinebouw"],
        "languages": ["nl", "en"],
        "website": "https://zilverwilg.example",
        "description": "Verzonnen bedrijf dat onderdelen van vlasvezel maakt.",
        "contact": {
            "name": "Onthaal",
            "email": "info@zilverwilg.example",
            "phone": "+32 9 000 00 00",
        },
        "offers": [
            {
                "text": "Persen van onderdelen uit vlasvezel en biohars, kleine reeksen",
                "stage": "production",
                "trl_min": 6,
                "trl_max": 8,
                "certifications": ["ISO 9001"],
                "valid_until": "2099-12-31",
            },
            {"text": "Ontwerp van matrijzen voor composiet", "stage": "development"},
        ],
        "needs": [{"text": "Levering van vlasvezel van constante kwaliteit", "stage": "supply"}],
    },
    {
        "id": "org:institut-aubeclaire",
        "name": "Institut Aubeclaire (exemple)",
        "type": "research_institute",
        "city": "Lille",
        "country": "FR",
        "region": "FRE11",
        "sectors": ["matériaux"],
        "languages": ["fr", "en"],
        "website": "https://aubeclaire.example",
        "description": "Institut inventé qui étudie le vieillissement des matériaux.",
        "contact": {"email": "contact@aubeclaire.example"},
        "offers": [
            {
                "text": "Essais de vieillissement accéléré de composites biosourcés",
                "stage": "research",
                "trl_min": 3,
                "trl_max": 5,
                "certifications": ["ISO/IEC 17025"],
            }
        ],
        "needs": [
            {"text": "Partenaire industriel pour une ligne pilote", "stage": "pilot"},
            {"text": "Financement d'une thèse de doctorat", "stage": "finance"},
        ],
    },
    {
        "id": "org:brightmoor-robotics",
        "name": "Brightmoor Robotics (example)",
        "type": "company",
        "size": "large",
        "sme": False,
        "city": "Aachen",
        "country": "DE",
        "region": "DEA2D",
        "latitude": 50.78,
        "longitude": 6.08,
        "sectors": ["robotics", "automation"],
        "languages": ["de", "en"],
        "website": "https://brightmoor.example",
        "description": "Invented firm that builds robot cells.",
        "contact": {"name": "Partner desk", "email": "partners@brightmoor.example"},
        "offers": [
            {
                "text": "Robot cells for trimming and drilling composite parts",
                "stage": "supply",
                "trl_min": 9,
                "trl_max": 9,
                "certifications": ["CE", "ISO 10218"],
            }
        ],
        "needs": [{"text": "Training of operators in two languages", "stage": "training"}],
    },
)

HELP = {
    "id": (
        "Vaste code, zoals org:mijn-bedrijf; leeg: wordt gemaakt",
        "Code fixe, comme org:mon-entreprise ; vide : créé",
        "Feste Kennung, wie org:meine-firma; leer: wird erzeugt",
        "Fixed code, such as org:my-firm; empty: is made",
    ),
    "name": (
        "Naam (verplicht)",
        "Nom (obligatoire)",
        "Name (Pflicht)",
        "Name (required)",
    ),
    "short_name": ("Korte naam", "Nom court", "Kurzname", "Short name"),
    "type": (
        "Soort organisatie (verplicht)",
        "Type d'organisation (obligatoire)",
        "Art der Organisation (Pflicht)",
        "Kind of organisation (required)",
    ),
    "size": ("Grootteklasse", "Classe de taille", "Größenklasse", "Size class"),
    "sme": ("Kmo: ja of nee", "PME : oui ou non", "KMU: ja oder nein", "SME: yes or no"),
    "city": ("Plaats", "Ville", "Ort", "City"),
    "country": (
        "Land, twee letters: BE",
        "Pays, deux lettres : BE",
        "Land, zwei Buchstaben: BE",
        "Country, two letters: BE",
    ),
    "region": ("NUTS-code", "Code NUTS", "NUTS-Code", "NUTS code"),
    "latitude": (
        "Breedtegraad, WGS 84",
        "Latitude, WGS 84",
        "Breitengrad, WGS 84",
        "Latitude, WGS 84",
    ),
    "longitude": (
        "Lengtegraad, WGS 84",
        "Longitude, WGS 84",
        "Längengrad, WGS 84",
        "Longitude, WGS 84",
    ),
    "sectors": (
        "Sectoren, met ; ertussen",
        "Secteurs, séparés par ;",
        "Branchen, durch ; getrennt",
        "Sectors, with ; between them",
    ),
    "languages": (
        "Talen, twee letters: nl; fr",
        "Langues, deux lettres : nl; fr",
        "Sprachen, zwei Buchstaben: nl; fr",
        "Languages, two letters: nl; fr",
    ),
    "website": (
        "Webadres met https://",
        "Adresse web avec https://",
        "Webadresse mit https://",
        "Web address with https://",
    ),
    "description": (
        "Korte beschrijving",
        "Brève description",
        "Kurze Beschreibung",
        "Short description",
    ),
    "competitors": (
        "Codes van concurrenten, nooit samen voorgesteld (niet openbaar)",
        "Codes de concurrents, jamais proposés ensemble (non public)",
        "Kennungen von Wettbewerbern, nie zusammen vorgeschlagen (nicht öffentlich)",
        "Ids of competitors, never proposed together (not public)",
    ),
    "contact_name": (
        "Contactpersoon (niet openbaar)",
        "Contact (non public)",
        "Ansprechperson (nicht öffentlich)",
        "Contact person (not public)",
    ),
    "contact_email": (
        "E-mail (niet openbaar)",
        "Courriel (non public)",
        "E-Mail (nicht öffentlich)",
        "E-mail (not public)",
    ),
    "contact_phone": (
        "Telefoon (niet openbaar)",
        "Téléphone (non public)",
        "Telefon (nicht öffentlich)",
        "Phone (not public)",
    ),
}
KIND_HELP = {
    "offer": ("Aanbod", "Offre", "Angebot", "Offer"),
    "need": ("Behoefte", "Besoin", "Bedarf", "Need"),
}
PART_HELP = {
    "text": (
        "in één of twee zinnen",
        "en une ou deux phrases",
        "in ein oder zwei Sätzen",
        "in a sentence or two",
    ),
    "stage": (
        "fase in de waardeketen",
        "étape de la chaîne de valeur",
        "Stufe der Wertschöpfungskette",
        "stage of the value chain",
    ),
    "trl": ("TRL: 6 of 4-7", "TRL : 6 ou 4-7", "TRL: 6 oder 4-7", "TRL: 6 or 4-7"),
    "certifications": (
        "certificaten, met ; ertussen",
        "certifications, séparées par ;",
        "Zertifikate, durch ; getrennt",
        "certifications, with ; between them",
    ),
    "valid_until": (
        "geldig tot: 2027-12-31 of 31/12/2027",
        "valable jusqu'au : 2027-12-31 ou 31/12/2027",
        "gültig bis: 2027-12-31 oder 31/12/2027",
        "valid until: 2027-12-31 or 31/12/2027",
    ),
}
