"""Pages as PDF files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

STYLE = Path(__file__).parent / "templates" / "print.css"


class PdfMissing(Exception):
    """The system libraries that WeasyPrint needs aren't there."""


def pdf(html: str) -> bytes:
    """Return a page as PDF. It fetches nothing: what the page names is left out."""
    try:
        import weasyprint
    except OSError as error:
        raise PdfMissing(str(error)) from error
    document: Any = weasyprint.HTML(string=html, url_fetcher=_refuse)
    written: bytes = document.write_pdf(stylesheets=[weasyprint.CSS(filename=str(STYLE))])
    return written


def _refuse(address: str, *_: object, **__: object) -> NoReturn:
    raise ValueError(f"not fetched: {address[:100]}")
