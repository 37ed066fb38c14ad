"""Regions and domains to choose from, and what was chosen in an address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request
from flask_babel import get_locale

from embeddings.subjects import Subject
from matcher.current import services
from matcher.insights.scope import Scope, regions
from matcher.web.places import place_name


def language() -> str:
    """Return the language of the page: the key of labels of domains and challenges."""
    return str(get_locale())


@dataclass(frozen=True, slots=True)
class ScopeChoices:
    """What a form offers to choose from, named in the language of the page."""

    countries: tuple[tuple[str, tuple[tuple[str, str, int], ...]], ...]
    """By country its regions: code, name, number of organisations."""
    domains: tuple[tuple[str, str], ...]
    """Id and name."""
    challenges: tuple[tuple[str, str], ...]
    """Id and name."""

    @property
    def region_codes(self) -> tuple[str, ...]:
        """Return the codes of all regions and countries that can be chosen."""
        return tuple(code for _country, regions in self.countries for code, *_rest in regions)


def scope_choices() -> ScopeChoices:
    """Return the regions where there are organisations, and all domains and challenges."""
    subjects = services().insights.subjects()
    countries: dict[str, list[tuple[str, str, int]]] = {}
    for code, count in regions(services().corpus_provider.snapshot().corpus):
        countries.setdefault(code[:2], []).append((code, place_name(code), count))
    return ScopeChoices(
        countries=tuple((code, tuple(inside)) for code, inside in sorted(countries.items())),
        domains=_named(subjects.domains),
        challenges=_named(subjects.challenges),
    )


def _named(subjects: Sequence[Subject]) -> tuple[tuple[str, str], ...]:
    """Return the id and name of each subject, by name."""
    named = [(subject.id, subject.labels[language()]) for subject in subjects]
    return tuple(sorted(named, key=lambda subject: subject[1]))


def subject_asked(name: str, known: Sequence[tuple[str, str]]) -> str:
    """Return the id of the domain or challenge that the address names, or nothing."""
    given = request.args.get(name, "")
    return given if given in dict(known) else ""


def scope_asked(choices: ScopeChoices) -> Scope:
    """Return the scope of the address; what isn't known counts as nothing."""
    region = request.args.get("region", "").upper()
    return Scope(
        region if region in choices.region_codes else "", subject_asked("domain", choices.domains)
    )
