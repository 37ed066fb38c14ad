"""The tables of the corpus.

Every row of `organisation` and `facet` has the corpus version that last wrote it, and a deletion
adds a row to `deletion`, so a worker at version v can read just the changes since.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    false,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from matcher.domain import embedded_text

Key = BigInteger().with_variant(Integer(), "sqlite")
"""Integer keys: SQLite autoincrements only INTEGER columns."""


class Base(DeclarativeBase):
    """The declarative base of all tables."""


class CorpusState(Base):
    """One row with the corpus version, which every write increments in its transaction."""

    __tablename__ = "corpus_state"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    version: Mapped[int] = mapped_column(Key)


class CorpusMarkRow(Base):
    """A random mark for each corpus version.

    Version numbers occur again after a backup was restored, and in other stores; marks tell them
    apart.
    """

    __tablename__ = "corpus_mark"
    version: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    mark: Mapped[str] = mapped_column(String(32))


class OrganisationRow(Base):
    """An organisation; `id` is the public id, `key` the integer key in arrays."""

    __tablename__ = "organisation"
    key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(140), unique=True)
    name: Mapped[str] = mapped_column(String(300), index=True)
    short_name: Mapped[str | None] = mapped_column(String(300))
    type: Mapped[str] = mapped_column(String(32))
    size: Mapped[str | None] = mapped_column(String(16))
    sme: Mapped[bool | None]
    city: Mapped[str | None] = mapped_column(String(200))
    country: Mapped[str | None] = mapped_column(String(2), index=True)
    region: Mapped[str | None] = mapped_column(String(5))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    sectors: Mapped[list[str]] = mapped_column(JSON, default=list)
    languages: Mapped[list[str]] = mapped_column(JSON, default=list)
    website: Mapped[str | None] = mapped_column(String(500))
    description: Mapped[str | None] = mapped_column(Text)
    contact_name: Mapped[str | None] = mapped_column(String(300))
    contact_email: Mapped[str | None] = mapped_column(String(320))
    contact_phone: Mapped[str | None] = mapped_column(String(64))
    competitors: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    standing: Mapped[str | None] = mapped_column(String(253))
    """See `Organisation.standing`; a domain has at most 253 characters."""
    version: Mapped[int] = mapped_column(Key, index=True)

    __table_args__ = {"sqlite_autoincrement": True}  # a key is never used again


class FacetRow(Base):
    """An offer, a need or a past project. Projects have all their partners as owners."""

    __tablename__ = "facet"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(String(140), unique=True)
    language: Mapped[str | None] = mapped_column(String(8))
    stage: Mapped[str | None] = mapped_column(String(16))
    trl_min: Mapped[int | None]
    trl_max: Mapped[int | None]
    certifications: Mapped[list[str]] = mapped_column(JSON, default=list)
    topics: Mapped[list[str]] = mapped_column(JSON, default=list)
    valid_until: Mapped[date | None] = mapped_column(Date)
    year: Mapped[int | None]
    version: Mapped[int] = mapped_column(Key, index=True)

    __table_args__ = {"sqlite_autoincrement": True}

    @property
    def embedded_text(self) -> str:
        """The text that the encoder sees."""
        return embedded_text(self.title, self.text)


class OwnershipRow(Base):
    """An owner of a facet; with role and year where the facet is a past project."""

    __tablename__ = "ownership"
    facet_id: Mapped[int] = mapped_column(
        ForeignKey("facet.id", ondelete="CASCADE"), primary_key=True
    )
    organisation_key: Mapped[int] = mapped_column(
        ForeignKey("organisation.key", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(Integer, default=0)
    role: Mapped[str | None] = mapped_column(String(16))
    year: Mapped[int | None]

    __table_args__ = (Index("ix_ownership_organisation_key", "organisation_key"),)


class AliasRow(Base):
    """The id of an organisation that was merged into another; imports of it update that."""

    __tablename__ = "alias"
    id: Mapped[str] = mapped_column(String(140), primary_key=True)
    organisation_key: Mapped[int] = mapped_column(
        ForeignKey("organisation.key", ondelete="CASCADE"), index=True
    )


class DistinctRow(Base):
    """Two ids, the smaller first, that a person marked as different organisations."""

    __tablename__ = "distinct_pair"
    one: Mapped[str] = mapped_column(String(140), primary_key=True)
    other: Mapped[str] = mapped_column(String(140), primary_key=True)


class EmbeddingRow(Base):
    """What a network makes of a text, for all processes, restarts and index builds.

    It belongs to the text, not to a facet: an import embeds its texts before it writes facets.
    """

    __tablename__ = "embedding"
    text_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    """See `embeddings.embedding_store.text_key`."""
    encoder: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The fingerprint of the network."""
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    """Its components, float16, little-endian."""
    added: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = {"sqlite_with_rowid": False}


class DeletionRow(Base):
    """A deleted row: `kind` is `organisation` or `facet`, `key` its integer key."""

    __tablename__ = "deletion"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(16))
    key: Mapped[int] = mapped_column(Key)
    version: Mapped[int] = mapped_column(Key, index=True)


class InitiativeRow(Base):
    """A cluster initiative. Needs and members are read as a whole, so they are JSON."""

    __tablename__ = "initiative"
    id: Mapped[str] = mapped_column(String(140), primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    brief: Mapped[str] = mapped_column(Text)
    needs: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    members: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    wanted: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    exploratory: Mapped[bool] = mapped_column(default=False, server_default=false())
    open: Mapped[bool] = mapped_column(default=True, server_default=true())
    version: Mapped[int] = mapped_column(Key)


class ApiKeyRow(Base):
    """A key for writing through the API. Only its SHA-256 is stored; the key is random."""

    __tablename__ = "api_key"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    scope: Mapped[str] = mapped_column(String(64), default="all")
    """`read`, `all`, or the source whose records it may write."""
    expires: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    used: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """About when it was used last."""
