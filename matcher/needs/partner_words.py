"""The words of Dutch, French, German and English with which partners are asked for, folded."""

from __future__ import annotations

import re
from typing import Literal

from matcher.domain import OrganisationType

SME = "sme"
"""The value of the only wish for a size."""
KINDS: tuple[tuple[Literal["size", "type"], str, str], ...] = (
    ("size", SME, r"kmo s|kmos?|mkb|smes?|pme|kmus?|small and medium sized (?:companies|firms)"),
    (
        "type",
        OrganisationType.COMPANY,
        r"bedrij(?:f|ven)|onderneming(?:en)?|compan(?:y|ies)|firms?|firma s?|firmen|entreprises?"
        r"|societes?|unternehmen",
    ),
    (
        "type",
        OrganisationType.RESEARCH_INSTITUTE,
        r"kennisinstelling(?:en)?|onderzoek(?:s|centr|sinstell|sinstitu)\w+|research (?:institutes?"
        r"|cent(?:re|er)s?|organi[sz]ations?)|(?:centres?|instituts?) de recherche|forschungs\w+",
    ),
    (
        "type",
        OrganisationType.HIGHER_EDUCATION,
        r"universit(?:y|ies|eit(?:en)?|es?|at(?:en)?)|hogescho(?:ol|len)|hautes? ecoles?"
        r"|(?:fach)?hochschulen?",
    ),
    (
        "type",
        OrganisationType.HOSPITAL,
        r"ziekenhui(?:s|zen)|hospitals?|hopita(?:l|ux)|krankenhaus(?:es)?|krankenhauser"
        r"|(?:universitats)?klinik(?:en|um)?|cliniques?",
    ),
    (
        "type",
        OrganisationType.PUBLIC_BODY,
        r"gemeenten?|stadsbestu(?:ur|ren)|overheid|overheidsdienst(?:en)?|communes?|municipalit\w+"
        r"|public (?:authorit\w+|bod(?:y|ies))|city councils?|gemeinden?|behorden?|kommunen?",
    ),
    ("type", OrganisationType.CLUSTER_ORGANISATION, r"clusterorganisaties?|cluster organi[sz]\w+"),
    ("type", OrganisationType.CIVIL_SOCIETY, r"ngo s?|ngos|vzw|asbl|non profits?|ong"),
)
"""What kinds of organisations are called, folded: the filters that there are."""
PARTNER = (
    r"partners?|partnern|partenaires?|\w*leveranciers?|suppliers?|fournisseurs?|\w*lieferant\w*"
    r"|\w*herstellern?|producent(?:en)?|producers?|manufacturers?|\w*fabrikant(?:en)?|fabricants?"
    r"|\w*labo?s?|\w*laborator\w+|laboratoires?|\w*labore?|organisati\w+|organi[sz]ations?"
    r"|instell\w+|instituut|instituten|institutes?|instituts?|iemand|someone|somebody|quelqu un"
    r"|jemand(?:en)?|\w*anbietern?|\w*dienstleistern?|experts?|teams?|groep|groupe?|start ?ups?"
    r"|scho(?:ol|len)|schools?|ecoles?|schule|werkplaats|workshop|ateliers?|\w*werkstatt|centrum"
    r"|centra|cent(?:re|er)s?|zentrum|agenc\w+|bureaus?|consultants?|\w{4,}(?:ers|eurs?|euses?"
    r"|aars?)"
)
NOUNS = re.compile(rf"\b(?:{'|'.join(pattern for _, _, pattern in KINDS)}|{PARTNER})\b")
PARTNERS_ALONE = re.compile(
    rf"(?:{'|'.join(pattern for _, _, pattern in KINDS)}|{PARTNER}|funded|welcome|welkom|cannot"
    r"|be|kunnen|konnen|peuvent)"
)
"""Words of a passage that says nothing of partners but where they shan't be."""
SEEKING = re.compile(
    r"(?:look(?:ing)?|search\w*|hunt\w*|ask\w*) for|need for|op zoek naar|zoeken naar|vraag naar"
    r"|(?:a la |en )recherche d(?:e|un|une)?|besoin d(?:e|un|une)?|suchen? nach|bedarf an"
    r"|behoefte aan|nood aan"
)
SEEKS = re.compile(
    r"\b(?:look(?:ing)? for|seek\w*|search\w*|need|want|zoek\w*|gezocht|nodig|cherch\w+|recherchons"
    r"|such(?:e|en|t)|gesucht|brauch\w+|benotig\w+)\b"
)
LEAD = frozenset(
    """
    we i wij ik wir ich nous je on are am is zijn sind look looking seek seeking need want would
    like search zoek zoeken willen graag hebben nodig cherche cherchons cherchent recherche
    recherchons souhaitons voulons il faut faudrait suche suchen gesucht brauchen wanted gezocht
    benotigen either evenmin welcome liefst bij voorkeur preferably ideally idealement idealiter
    gern a an the een de het un une le la les des ein eine einen einem einer der die das l d one
    two some few enkele of et and or en und oder ou also ook auch aussi plus no not geen niet pas
    ne kein keine keinen keiner nicht other andere autres another with who wer wie qui kan can kann
    peut
    """.split()
)
PREPOSITIONS = frozenset(
    "for voor pour fur in of van von with met avec mit at to aan naar by door par durch on sur "
    "auf about over uber between within zu zum zur bei bij chez".split()
)
FROM = re.compile(
    r"(?:from|uit|vanuit|aus|(?:based|located|situated|established|gevestigd|ansassig|sitz) in"
    r"|(?:bases?|basees?|situes?|situees?|etablis?|etablies?|implantee?s?) (?:en|a|au|aux|dans)"
    r"|(?:venant|originaires?) d(?:e|es|u)?)(?: (?:the|de|het|la|le|les|den|der|l))?"
)
IN = re.compile(r"(?:in|en|au|aux|a)(?: (?:the|de|het|la|le|les|den|der|l))?")
OF = re.compile(r"(?:of|de|du|des|d|van)(?: (?:la|l|het|de|les))?")
OR = frozenset("or and of en ou et oder und".split())
PREFERABLY = re.compile(
    r"(?:.*\b)?(?:preferably|ideally|liefst|bij voorkeur|idealiter|de preference|idealement"
    r"|vorzugsweise|am liebsten|idealerweise|bevorzugt)\b"
)
IS_ITSELF = re.compile(
    r"\b(?:we are|i am|as an?|our|wij zijn|we zijn|ik ben|als|ons|onze|nous sommes|je suis"
    r"|en tant qu\w*|notre|nos|wir sind|ich bin|unser\w*)\b"
)
