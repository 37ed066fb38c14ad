"""The mix of partner types: companies, knowledge, education, government, society."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import log

from matcher.domain import OrganisationType

STRANDS = {
    OrganisationType.COMPANY: "business",
    OrganisationType.RESEARCH_INSTITUTE: "knowledge",
    OrganisationType.HOSPITAL: "knowledge",
    OrganisationType.HIGHER_EDUCATION: "education",
    OrganisationType.PUBLIC_BODY: "government",
    OrganisationType.CLUSTER_ORGANISATION: "society",
    OrganisationType.CIVIL_SOCIETY: "society",
}
"""The strand that each type belongs to; OTHER belongs to none."""
NAMES = tuple(dict.fromkeys(STRANDS.values()))


@dataclass(frozen=True, slots=True)
class PartnerMix:
    """The mix of a group of organisations."""

    types: dict[str, int]
    strands: dict[str, int]
    balance: float
    """Shannon's entropy over the strands, divided by the most it can be: 0 one kind, 1 even."""
    missing: tuple[str, ...]
    """Strands of which there is nobody."""


def partner_mix(types: Iterable[OrganisationType]) -> PartnerMix:
    """Return the mix of types of a group (Etzkowitz & Leydesdorff, 2000; Carayannis, 2009)."""
    by_type = Counter(types)
    strands = Counter[str]()
    for kind, count in by_type.items():
        if kind in STRANDS:
            strands[STRANDS[kind]] += count
    total = sum(strands.values())
    entropy = -sum(count / total * log(count / total) for count in strands.values())
    return PartnerMix(
        types={kind.value: by_type[kind] for kind in OrganisationType if by_type[kind]},
        strands={name: strands[name] for name in NAMES},
        balance=abs(entropy) / log(len(NAMES)),
        missing=tuple(name for name in NAMES if not strands[name]),
    )
