"""What the service's words are called on pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from matcher.domain import FacetKind, OrganisationType, SizeClass, Stage
from matcher.services.people.accounts import AccountRole

LABELS = {
    OrganisationType.COMPANY: _l("Company"),
    OrganisationType.RESEARCH_INSTITUTE: _l("Research institute"),
    OrganisationType.HIGHER_EDUCATION: _l("Higher education"),
    OrganisationType.PUBLIC_BODY: _l("Public body"),
    OrganisationType.HOSPITAL: _l("Hospital"),
    OrganisationType.CLUSTER_ORGANISATION: _l("Cluster organisation"),
    OrganisationType.CIVIL_SOCIETY: _l("Civil society"),
    OrganisationType.OTHER: _l("Other organisation"),
    Stage.RESEARCH: _l("Research"),
    Stage.DEVELOPMENT: _l("Development"),
    Stage.PILOT: _l("Pilot"),
    Stage.PRODUCTION: _l("Production"),
    Stage.SUPPLY: _l("Supply"),
    Stage.MARKET: _l("Market"),
    Stage.REGULATION: _l("Regulation"),
    Stage.TRAINING: _l("Training"),
    Stage.FINANCE: _l("Finance"),
    FacetKind.OFFER: _l("Offer"),
    FacetKind.NEED: _l("Need"),
    FacetKind.EVIDENCE: _l("Past project"),
    SizeClass.MICRO: _l("Micro"),
    SizeClass.SMALL: _l("Small"),
    SizeClass.MEDIUM: _l("Medium-sized"),
    SizeClass.LARGE: _l("Large"),
    AccountRole.MEMBER: _l("Member"),
    AccountRole.MANAGER: _l("Cluster manager"),
    AccountRole.ADMINISTRATOR: _l("Administrator"),
    "text": _l("Fit with your text"),
    "coverage": _l("Answers your needs"),
    "complement": _l("Adds what members lack"),
    "reciprocity": _l("You gain from each other"),
    "cross_sector": _l("From a field not too near, not too far"),
    "alike": _l("Is like who is in"),
    "network": _l("Worked with who is in"),
    "named": _l("Named in your text"),
    "prior": _l("Takes part often"),
    "must": _l("Must have"),
    "nice": _l("Nice to have"),
    "of_type": _l("Kind"),
    "of_size_class": _l("Size"),
    "of_country": _l("Country"),
    "of_region": _l("Region"),
    "of_sme": _l("Small and medium-sized"),
    "of_newcomer": _l("Newcomers"),
    "covered": _l("Covered"),
    "perhaps": _l("Perhaps covered"),
    "missing": _l("Missing"),
    "business": _l("Companies"),
    "knowledge": _l("Knowledge institutions"),
    "education": _l("Education"),
    "government": _l("Government"),
    "society": _l("Society"),
    "nothing_usable": _l(
        "Nothing in your text could be understood. Describe in a sentence or two what you want to "
        "do and what you need: materials, techniques, products, markets."
    ),
    "nothing_allowed": _l("No organisation passes your filters. Loosen or remove one of them."),
    "nothing_found": _l(
        "No organisation has an offer or a past project that comes near your text."
    ),
}
