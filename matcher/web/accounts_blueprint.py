"""The blueprint of pages about accounts, which several files add views to."""

from __future__ import annotations

from apiflask import APIBlueprint

blueprint = APIBlueprint("accounts", __name__, enable_openapi=False)
