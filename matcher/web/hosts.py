"""Only requests to the names of this service are answered.

A page elsewhere can let its own name lead to this machine (DNS rebinding), and then ask as if it
were a page of the service. Links in mails begin with SCHAKEL_PUBLIC_URL whatever the Host says.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from apiflask import APIFlask, abort
from flask import request
from flask_babel import gettext as _

from matcher.settings import Settings


def init_app(app: APIFlask, settings: Settings) -> None:
    """Refuse other names; health checks, which show nothing, may use any address."""
    known = settings.host_names

    def check_host() -> None:
        name = urlsplit(f"//{request.host}").hostname
        if name not in known and not request.path.startswith("/health/"):
            advice = _("The service isn't known by this name. Use its own address.")
            abort(400, advice, extra_data={"page": True})

    app.before_request(check_host)
