"""What the pages of administrators share."""

from __future__ import annotations

from apiflask import APIBlueprint

from matcher.accounts.accounts import AccountRole
from matcher.web.access import for_role

blueprint = APIBlueprint(
    "administration", __name__, enable_openapi=False, url_prefix="/administration"
)
only_administrators = for_role(AccountRole.ADMINISTRATOR)
PAGE = 50
"""Rows of one page of a list."""
