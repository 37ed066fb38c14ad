"""Storing what an importer read: all of it in one transaction, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from matcher.imports.row_errors import Batch
from matcher.organisations.languages import with_language, with_languages
from matcher.progress import Progress, unreported
from matcher.store import Store
from matcher.store.organisation_updates import PRIVATE
from matcher.store.organisations import save_organisations
from matcher.store.projects import save_projects

_BATCH = 500


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did. Where nothing changed, the corpus version stayed as it was."""

    organisations: int
    projects: int
    changed_organisations: int
    changed_projects: int
    skipped: int
    corpus_version: int

    @property
    def changed(self) -> bool:
        """Whether the store is different now."""
        return bool(self.changed_organisations or self.changed_projects)


def store_batch(store: Store, batch: Batch, progress: Progress | None = None) -> ImportResult:
    """Store a batch in one transaction; importing the same again changes nothing.

    Killed at any point before the end, it leaves the corpus as it was. What networks make of the
    texts is stored before, in small transactions.
    """
    report = progress or unreported
    organisations, projects = batch.organisations, batch.projects
    changed_organisations = changed_projects = 0
    store.embed_many(batch.embedded_texts, report)
    with store.writing() as write:
        for start in range(0, len(organisations), _BATCH):
            changed_organisations += save_organisations(
                write,
                [
                    with_languages(organisation)
                    for organisation in organisations[start : start + _BATCH]
                ],
                with_facets=batch.complete_profiles,
                keep=PRIVATE | batch.silent,
            )
            report("organisations", start + _BATCH, len(organisations))
        for start in range(0, len(projects), _BATCH):
            part = [
                replace(project, facet=with_language(project.facet))
                for project in projects[start : start + _BATCH]
            ]
            changed_projects += save_projects(write, part)
            report("projects", start + _BATCH, len(projects))
        if not changed_organisations and not changed_projects:
            write.nothing_changed()
    return ImportResult(
        len(organisations),
        len(projects),
        changed_organisations,
        changed_projects,
        batch.skipped,
        store.corpus_version(),
    )
