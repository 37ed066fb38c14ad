"""What goes wrong with accounts."""

from __future__ import annotations


class AccountError(ValueError):
    """An account can't be stored or changed as asked; `code` says why, for pages to translate."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
