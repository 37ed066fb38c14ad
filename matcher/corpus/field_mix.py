"""The mix of fields: in which domains the organisations of a group are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log


@dataclass(frozen=True, slots=True)
class FieldMix:
    """In which domains a group of organisations is."""

    counts: dict[str, int]
    """How many organisations are in each domain, by its id, the most frequent first."""
    balance: float
    """Entropy over the domains, divided by its maximum: 0 one domain, 1 all equally frequent."""


def field_mix(domains_of_each_member: Iterable[Sequence[str]]) -> FieldMix:
    """Return the mix of fields of a group, given the domains that each of its members is in.

    A member counts once in each of its domains. The balance is the evenness of Pielou (1966):
    Shannon's entropy over the counts, divided by the logarithm of the number of domains.
    """
    counter = Counter(
        domain for domains in domains_of_each_member for domain in dict.fromkeys(domains)
    )
    counts = dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
    total = sum(counts.values())
    entropy = -sum(count / total * log(count / total) for count in counts.values())
    return FieldMix(counts, min(entropy / log(len(counts)), 1.0) if len(counts) > 1 else 0.0)
