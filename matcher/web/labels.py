"""What the service's words are called on pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from matcher.accounts.accounts import AccountRole
from matcher.domain import FacetKind, OrganisationType, SizeClass, Stage
from matcher.match_lists.lists import EntryStatus
from matcher.matching.answer import FitLabel
from matcher.profiles.profiles import ContactFor, State

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
    ContactFor.INTRODUCED: _l("Only those whose introduction we accepted"),
    ContactFor.MANAGERS: _l("Cluster managers too"),
    ContactFor.NOBODY: _l("Nobody"),
    State.DRAFT: _l("Waits to be confirmed"),
    State.PUBLISHED: _l("Published"),
    State.HIDDEN: _l("Hidden"),
    "text": _l("Near your text"),
    "fit": _l("Does what you ask"),
    FitLabel.STRONG: _l("Strong fit"),
    FitLabel.POSSIBLE: _l("Possible fit"),
    FitLabel.WEAK: _l("Weak fit"),
    "coverage": _l("Answers your needs"),
    "complement": _l("Adds what members lack"),
    "reciprocity": _l("You gain from each other"),
    "across_fields": _l("From another field, and still fits"),
    "similarity": _l("Is like who is in"),
    "unwanted": _l("Does what you don't want"),
    "collaboration": _l("Worked with who is in"),
    "collaboration_likely": _l("Worked with whom your text names"),
    "affiliation": _l("Of one house or place with who is in"),
    "affiliation_likely": _l("Of one house or place with who may well take part"),
    "mention": _l("Named in your text"),
    EntryStatus.PROPOSED: _l("Proposed"),
    EntryStatus.APPROACHED: _l("Approached"),
    EntryStatus.INTERESTED: _l("Interested"),
    EntryStatus.DECLINED: _l("Declined"),
    EntryStatus.JOINED: _l("Joined"),
    "state_asked": _l("Asked"),
    "state_accepted": _l("Accepted"),
    "state_declined": _l("Declined"),
    "state_withdrawn": _l("Taken back"),
    "state_joined": _l("Joined"),
    "state_ended": _l("Ended"),
    "state_never": _l("Doesn't want to be asked again"),
    "diff_entered": _l("new on the list"),
    "diff_left": _l("no longer on the list"),
    "diff_up": _l("went up"),
    "diff_down": _l("went down"),
    "diff_same": _l("same place"),
    "column_rank": _l("Rank"),
    "column_name": _l("Organisation"),
    "column_id": _l("Id"),
    "column_type": _l("Kind"),
    "column_city": _l("Town"),
    "column_country": _l("Country"),
    "column_score": _l("Score"),
    "column_probability": _l("Chance"),
    "column_adds": _l("Adds to the coverage"),
    "column_status": _l("Status"),
    "column_note": _l("Note"),
    "column_assigned": _l("Followed up by"),
    "column_reasons": _l("Why"),
    "column_needs": _l("Answers"),
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
    "nobody_yet": _l(
        "No organisation is stored yet, so there is nobody to recommend. A manager can import some."
    ),
    "nothing_allowed": _l("No organisation passes your filters. Loosen or remove one of them."),
    "nothing_found": _l(
        "No organisation has an offer or a past project that comes near your text."
    ),
    "nothing_fits": _l("Nobody here really does this; the nearest are:"),
    "model_away": _l(
        "A part of what reads your text doesn't answer at the moment. These partners were found "
        "without it; try again in a minute to find more."
    ),
    "cut_short": _l(
        "Time ran out, so only the first partners of this page are shown. Try again in a minute, "
        "or have fewer shown."
    ),
}


def part_label(name: str, *, with_members: bool) -> str:
    """Return what a part of the score is called, where members are given or likely partners."""
    likely = f"{name}_likely"
    return str(LABELS[likely] if likely in LABELS and not with_members else LABELS[name])
