"""Words for types, sizes and stages in the four languages of the files."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from matcher.domain import OrganisationType, SizeClass, Stage
from matcher.validation import folded

Choice = TypeVar("Choice", bound=StrEnum)

YES = {"yes", "y", "ja", "j", "oui", "o", "true", "1", "vrai", "wahr", "waar"}
NO = {"no", "n", "nee", "non", "nein", "false", "0", "faux", "falsch", "onwaar"}

TYPE_WORDS = {
    OrganisationType.COMPANY: "firm,business,enterprise,bedrijf,onderneming,firma,entreprise,"
    "société,unternehmen,betrieb",
    OrganisationType.RESEARCH_INSTITUTE: "research organisation,research centre,research,"
    "onderzoeksinstelling,onderzoeksinstituut,onderzoekscentrum,kennisinstelling,"
    "institut de recherche,organisme de recherche,centre de recherche,"
    "forschungsinstitut,forschungseinrichtung,forschungszentrum",
    OrganisationType.HIGHER_EDUCATION: "university,hoger onderwijs,universiteit,hogeschool,"
    "enseignement supérieur,université,haute école,hochschule,universität,fachhochschule",
    OrganisationType.PUBLIC_BODY: "public authority,overheid,overheidsinstelling,overheidsdienst,"
    "openbaar bestuur,organisme public,autorité publique,administration publique,"
    "behörde,öffentliche einrichtung,öffentliche stelle",
    OrganisationType.HOSPITAL: "clinic,ziekenhuis,kliniek,hôpital,clinique,krankenhaus,klinik",
    OrganisationType.CLUSTER_ORGANISATION: "cluster,clusterorganisatie,clusterorganisation,"
    "organisation de cluster,grappe,pôle de compétitivité",
    OrganisationType.CIVIL_SOCIETY: "ngo,association,civil society organisation,"
    "maatschappelijk middenveld,maatschappelijke organisatie,vereniging,vzw,société civile,"
    "ong,asbl,zivilgesellschaft,verein,nichtregierungsorganisation",
    OrganisationType.OTHER: "andere,anders,overig,overige,autre,sonstige,sonstiges",
}
SIZE_WORDS = {
    SizeClass.MICRO: "micro-onderneming,micro-entreprise,microentreprise,kleinstunternehmen",
    SizeClass.SMALL: "klein,kleine onderneming,petite,petite entreprise,kleines unternehmen",
    SizeClass.MEDIUM: "middelgroot,middelgrote onderneming,moyenne,moyenne entreprise,mittel,"
    "mittelgroß,mittleres unternehmen",
    SizeClass.LARGE: "groot,grote onderneming,grande,grande entreprise,groß,großunternehmen",
}
STAGE_WORDS = {
    Stage.RESEARCH: "onderzoek,recherche,forschung",
    Stage.DEVELOPMENT: "ontwikkeling,développement,entwicklung",
    Stage.PILOT: "proef,piloot,pilootproject,proefproject,pilote,projet pilote,pilotprojekt",
    Stage.PRODUCTION: "productie,produktion,fabrication,fertigung,herstellung",
    Stage.SUPPLY: "levering,toelevering,fourniture,approvisionnement,lieferung,zulieferung",
    Stage.MARKET: "markt,verkoop,marché,commercialisation,vente,vertrieb,vermarktung",
    Stage.REGULATION: "regelgeving,regulering,réglementation,régulation,regulierung",
    Stage.TRAINING: "opleiding,vorming,formation,ausbildung,schulung,weiterbildung",
    Stage.FINANCE: "financiering,financement,finances,finanzierung,finanzen",
}


def _vocabulary(words: Mapping[Choice, str]) -> dict[str, Choice]:
    """Return the choices by their values and by other words for them, folded."""
    found = {folded(choice.value): choice for choice in words}
    for choice, others in words.items():
        found.update({folded(word): choice for word in others.split(",")})
    return found


TYPES = _vocabulary(TYPE_WORDS)
SIZES = _vocabulary(SIZE_WORDS)
STAGES = _vocabulary(STAGE_WORDS)
