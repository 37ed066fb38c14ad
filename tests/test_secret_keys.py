from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from matcher.secret_keys import check_secret_key, development_secret


@pytest.mark.parametrize(
    "key",
    [
        "a",
        "x" * 64,
        "abcabcabcabc" * 6,
        "0123456789abcdef0123456789abcdef",
        "please-change-me-to-something-else-soon",
        "DE3c9f1b-Secret-77ab01c9e2d4f5a6b8c0",
        "8e82a558b30edcf39e5e417830b853",
    ],
)
def test_keys_that_can_be_guessed(key: str) -> None:
    with pytest.raises(ValueError, match="can be guessed") as refused:
        check_secret_key(key)
    assert len(key) < 5 or key not in str(refused.value)


def test_keys_as_recommended() -> None:
    for _ in range(200):
        check_secret_key(secrets.token_hex(32))
        check_secret_key(secrets.token_urlsafe(32))


def test_a_development_machine_keeps_one(tmp_path: Path) -> None:
    made = development_secret(tmp_path / "home")
    check_secret_key(made)
    assert development_secret(tmp_path / "home") == made
    assert (tmp_path / "home" / "secret_key").stat().st_mode & 0o777 == 0o600
