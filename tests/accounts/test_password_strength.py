from __future__ import annotations

import pytest

from matcher.accounts.errors import AccountError
from matcher.accounts.password_hashing import hash_password, verify_password
from matcher.accounts.password_strength import common_passwords

OWN = ("jan.peeters@wier.example", "Jan Peeters")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("kort", "short"),
        ("elf tekens!", "short"),
        ("ab" * 101, "long"),
        ("aaaaaaaaaaaa", "simple"),
        ("123456789012", "simple"),
        ("abcdefghijklmnop", "simple"),
        ("qwertyuiop12", "simple"),
        ("azertyuiop123", "simple"),
        ("aaaabbbbccccdddd", "simple"),
        ("passwordpassword", "simple"),
        ("kaaskaaskaaskaas", "simple"),
        ("Welcome12345", "simple"),
        ("wachtwoordwachtwoord!", "common"),
        ("P@ssw0rd1907!", "common"),
        ("december1973", "common"),
        ("Schakel-1907!", "common"),
        ("jan.peeters@wier.example", "own"),
        ("JanPeeters1907", "own"),
        ("peetersWIER!x7", "own"),
    ],
)
def test_passwords_that_are_guessed(password: str, code: str) -> None:
    with pytest.raises(AccountError) as refused:
        hash_password(password, OWN)
    assert refused.value.code == code
    assert password not in str(refused.value)


@pytest.mark.parametrize(
    "password",
    [
        "een lang wachtwoord",
        "vijf grote appels",
        "hbG7-kk2Lp0-x",
        "Jan Peeters fietst traag naar Wier",
        "très long mot de passe",
        "пароль из трёх слов",
        "x" + "kwartelhof"[::-1] + "7!q",
    ],
)
def test_passwords_that_are_good_enough(password: str) -> None:
    assert verify_password(hash_password(password, OWN), password)


def test_the_list_holds_passwords_and_no_comments() -> None:
    known = common_passwords()
    assert len(known) > 20_000 and {"password", "welcome", "wachtwoord"} <= known
    assert not any(word.startswith("#") or word != word.casefold() for word in known)
