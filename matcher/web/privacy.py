"""The page that tells people what is stored about them, why, and what they can do about it."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import render_template
from flask_babel import lazy_gettext as _l

from matcher.current import services

blueprint = APIBlueprint("privacy", __name__, enable_openapi=False)
LEGAL_BASES = {
    "legitimate-interest": _l(
        "A legitimate interest: that organisations find partners (article 6(1)(f) GDPR)."
    ),
    "consent": _l("Your consent, which you can take back at any time (article 6(1)(a) GDPR)."),
    "public-task": _l("A task in the public interest (article 6(1)(e) GDPR)."),
}
"""By the values of SCHAKEL_LEGAL_BASIS."""


@blueprint.get("/privacy")
def notice() -> str:
    """Show the notice."""
    settings = services().settings
    return render_template(
        "privacy.html",
        controller=settings.controller,
        email=settings.controller_email,
        basis=LEGAL_BASES[settings.legal_basis],
    )
