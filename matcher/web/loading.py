"""What views about one thing share: loading it from its address, and links that don't work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar

from apiflask import abort
from flask import render_template
from flask.typing import ResponseReturnValue

Thing = TypeVar("Thing")
View = Callable[..., ResponseReturnValue]


def loads(
    argument: str,
    load: Callable[[str], Thing | None],
    missing: Callable[[], str],
    deleted_meanwhile: tuple[type[Exception], ...] = (),
) -> Callable[[View], View]:
    """Return a decorator that gives a view what its address names, in place of the id.

    `argument` is the part of the address that holds the id, `load` returns None where there is
    nothing to see for this visitor: then the answer is 404 with the message of `missing`. It is
    that, too, where the view raises one of `deleted_meanwhile`.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def loaded(**values: Any) -> ResponseReturnValue:
            thing = load(values.pop(argument))
            if thing is not None:
                with suppress(*deleted_meanwhile):
                    return view(thing, **values)
            abort(404, missing(), extra_data={"page": True})

        return loaded

    return decorate


def unusable_link(
    title: str, advice: str, further: tuple[str, str] | None = None
) -> ResponseReturnValue:
    """Return the page about a link that is used up, expired or revoked.

    `further` is the address and text of a link to go on with.
    """
    page = render_template("error.html", title=title, advice=advice, status=410, further=further)
    return page, 410
