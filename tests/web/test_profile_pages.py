from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from matcher.accounts import sessions
from matcher.domain import Initiative, Member, Need
from matcher.indexing.build import build_index
from matcher.initiatives import actions as initiatives
from matcher.organisations import actions as organisations
from matcher.organisations.duplicates import merge
from matcher.profiles import profiles
from matcher.profiles.drafts import MAX_DRAFTS
from matcher.profiles.moderation import hide, show_again
from matcher.store import Store
from matcher.store.account_tables import (
    AccountRow,
    AuditRow,
    MatchListEntryRow,
    MatchListRow,
    ProfileRow,
    TokenRow,
)
from matcher.store.tables import Base
from tests.corpus.corpora import facets_of
from tests.mails import clear, link_in, mails
from tests.web.users import get, in_dutch, post, signed_in

NAME = "Kwartelhof Zeewierkwekerij"
OFFER = "Wij kweken suikerwier op drijvende lijnen en drogen het tot vlokken voor visvoer"
NEED = "Een partner die wiervlokken vermaalt en perst tot korrels"
FIELDS: dict[str, Any] = {
    "name": NAME,
    "type": "company",
    "size": "small",
    "city": "Oostende",
    "country": "be",
    "region": "BE25",
    "website": "kwartelhof.example",
    "sectors": "aquacultuur\nvoeding",
    "description": "Een jong bedrijf aan zee.",
    "offer_text": [OFFER, "", ""],
    "offer_stage": ["production", "", ""],
    "offer_until": ["2031-12-31", "", ""],
    "need_text": [NEED],
    "need_stage": ["development"],
    "need_until": [""],
    "contact_name": "Mieke Zilt",
    "contact_email": "mieke@kwartelhof.example",
    "contact_phone": "+32 59 00 00 00",
    "contact_for": "introduced",
    "competitors": "surfalink assays (demo)",
    "email": "Baas@Kwartelhof.example",
}
OWNER = "baas@kwartelhof.example"
RIVAL: dict[str, Any] = {
    "name": "Wierrivaal",
    "email": "r@rivaal.example",
    "website": "",
    "contact_name": "",
    "contact_email": "",
    "competitors": "",
}
SECRETS = ("Mieke Zilt", "mieke@kwartelhof.example", "+32 59 00 00 00", OWNER)


@pytest.fixture
def store(app: APIFlask) -> Store:
    found: Store = app.extensions["schakel"].store
    return found


def created(client: FlaskClient, home: Path, **changed: Any) -> str:
    """Make a profile; returns the address of the link in the mail."""
    clear(home)
    sent = post(client, "/profile/new", {**FIELDS, **changed})
    assert sent.status_code == 303, re.findall(r'class="error"[^>]*>([^<]+)<', sent.text)
    return link_in(home, "/profile/confirm/")


def published(client: FlaskClient, home: Path, **changed: Any) -> str:
    """Make and confirm a profile, which is open in the client's session then; its id."""
    assert post(client, created(client, home, **changed)).status_code == 303
    return profile_of(client)


def opened(client: FlaskClient, home: Path, email: str = OWNER) -> None:
    clear(home)
    assert post(client, "/profile/link", {"email": email}).status_code == 200
    assert post(client, link_in(home, "/profile/open/")).status_code == 303


def names_found(client: FlaskClient, text: str = OFFER) -> str:
    """What anybody finds: with its profile open a company isn't on its own list."""
    anybody = client.application.test_client()
    return str(get(anybody, "/matches", query_string={"text": text}).text)


def edited(client: FlaskClient, **changed: Any) -> Any:
    mark = re.search(r'name="seen"[^>]*value="([^"]+)"', get(client, "/profile/edit").text)
    fields = {name: value for name, value in FIELDS.items() if name != "email"}
    fields["seen"] = mark[1] if mark else ""
    return post(client, "/profile/edit", {**fields, **changed})


def test_a_company_makes_its_profile_and_is_found(
    app: APIFlask, client: FlaskClient, home: Path, store: Store
) -> None:
    assert "Create a profile" in get(client, "/profile").text
    before = store.corpus_version()
    link = created(client, home)
    ((to, subject, text),) = mails(home)
    assert (to, subject) == (OWNER, "Confirm your profile on Schakel")
    assert NAME not in text
    assert "confirm your profile with the link" in get(client, "/profile").text
    # A draft isn't in the corpus, and looking at the link changes nothing.
    assert store.corpus_version() == before
    with store.reading() as session:
        (draft,) = session.scalars(select(ProfileRow))
    assert (draft.state, draft.email) == ("draft", OWNER)
    assert get(client, f"/organisations/{draft.organisation_id}").status_code == 404
    assert NAME not in names_found(client)
    assert NAME not in get(client, "/organisations?q=Kwartelhof").text
    assert "Publish the profile" in get(client, link).text
    assert store.corpus_version() == before
    assert post(client, link).status_code == 303
    assert store.corpus_version() == before + 1
    page = names_found(client)
    assert page.index(NAME) < page.index('class="again"')
    assert OFFER in page
    shown = get(client, f"/organisations/{draft.organisation_id}").text
    for expected in (NAME, OFFER, NEED, "https://kwartelhof.example", "until 2031-12-31", "SME"):
        assert expected in shown
    stored = organisations.get(store, draft.organisation_id)
    assert stored is not None
    assert re.fullmatch(r"own:kwartelhof-zeewierkwekerij-[0-9a-f]{8}", stored.id)
    assert (stored.place.city, stored.place.country, stored.place.region) == (
        "Oostende",
        "BE",
        "BE25",
    )
    assert stored.sectors == ("aquacultuur", "voeding")
    assert stored.competitors == ("demo:surfalink",)
    assert [facet.language for facet in stored.facets] == ["nl", "nl"]
    assert get(client, link).status_code == post(client, link).status_code == 410


def test_with_its_profile_open_a_company_is_not_on_its_own_list(
    client: FlaskClient, home: Path
) -> None:
    own = published(client, home)
    address = f'href="/organisations/{own}"'
    assert address in names_found(client)
    assert address not in get(client, "/matches", query_string={"text": OFFER}).text
    assert post(client, "/profile/close").status_code == 303
    assert address in get(client, "/matches", query_string={"text": OFFER}).text


def partners_link(page: Any) -> str | None:
    found = re.search(r'<a class="button" href="([^"]+)">Find partners for my profile', page.text)
    return html.unescape(found[1]) if found else None


def test_partners_for_a_profile_are_one_click_away(client: FlaskClient, home: Path) -> None:
    own = published(client, home)
    address = partners_link(get(client, "/profile"))
    assert address is not None and partners_link(get(client, "/profile/found")) == address
    asked = dict(parse_qsl(address.partition("?")[2]))
    assert asked == {"need": NEED, "level": "must", "stage": "development", "unlike": own}
    page = get(client, address).text
    assert f"not like {NAME}" in page and f'href="/organisations/{own}"' not in page
    assert 'class="card match' in page and "covered by who is in" not in page
    anybody = get(client.application.test_client(), address).text
    assert f'href="/organisations/{own}"' not in anybody


def test_with_its_profile_open_a_company_is_not_shown_its_competitors(
    client: FlaskClient, home: Path
) -> None:
    published(client, home)
    text = {"text": "Assay development on silicon: antibody immobilisation"}
    rival = 'href="/organisations/demo:surfalink"'
    assert rival not in get(client, "/matches", query_string=text).text
    assert post(client, "/profile/close").status_code == 303
    assert rival in get(client, "/matches", query_string=text).text


def test_a_profile_that_needs_nothing_is_asked_for_its_needs(
    client: FlaskClient, home: Path
) -> None:
    published(client, home, need_text=[""], need_stage=[""])
    page = get(client, "/profile")
    assert partners_link(page) is None and "Say in your profile what you need" in page.text
    edited(client, need_text=[NEED], need_stage=[""], need_until=["2020-01-01"])
    assert partners_link(get(client, "/profile")) is None


def test_needs_too_long_for_an_address_are_read_from_the_profile(
    client: FlaskClient, home: Path
) -> None:
    long = NEED + " en meel" * 500
    own = published(client, home, need_text=[long, NEED], need_stage=["", ""])
    for count, shown in ((2, 2_000), (5, 502), (12, 152)):
        texts = [f"{number} {long}" for number in range(count)]
        edited(client, need_text=texts, need_stage=[""] * count, need_until=[""] * count)
        link = partners_link(get(client, "/profile"))
        assert link is not None
        needs = [value for name, value in parse_qsl(link.partition("?")[2]) if name == "need"]
        assert len(needs) == count
        assert all(shown - 15 <= len(need) <= shown for need in needs), [*map(len, needs)]
        assert get(client, link).status_code == 200
    texts = [f"{number} {long}" for number in range(45)]
    edited(client, need_text=texts, need_stage=[""] * 45, need_until=[""] * 45)
    address = partners_link(get(client, "/profile"))
    assert address == "/matches?" + urlencode({"members": own})
    page = get(client, address)
    assert page.status_code == 200 and "From what the members say they need." in page.text
    assert f'href="/organisations/{own}"' not in page.text


def test_what_is_wrong_stands_by_its_field_and_nothing_is_lost(
    client: FlaskClient, home: Path, store: Store
) -> None:
    faults = {
        "name": ("", "This field is required."),
        "country": ("Belgium", "Two letters, such as BE."),
        "region": ("Flanders", "A code such as BE2."),
        "website": ("javascript://alert", "An address such as https://example.org."),
        "contact_email": ("nobody", "That is not an e-mail address."),
        "email": ("a@b", "That is not an e-mail address."),
        "competitors": ("Bestaat Niet", "We know no organisation called"),
        "offer_text": (["xy", "", ""], "From 3 to 5000 characters."),
        "offer_until": (["31/12/2031", "", ""], "A day is written as 2027-01-31."),
        "offer_stage": (["dreaming", "", ""], "Choose from the list."),
        "description": ("x" * 5001, "Field cannot be longer than 5000 characters."),
        "sectors": ("x" * 101, "At most 50, of 100 characters each."),
    }
    for name, (value, said) in faults.items():
        page = post(client, "/profile/new", {**FIELDS, name: value})
        assert page.status_code == 422, name
        assert said in page.text, name
        assert NEED in page.text
        assert "Mieke Zilt" in page.text
        first = value[0] if isinstance(value, list) else value
        if name != "offer_stage":  # a choice that the form doesn't offer
            assert first.casefold() in page.text.casefold()
    assert mails(home) == []
    with store.reading() as session:
        assert session.scalars(select(ProfileRow)).all() == []


def test_limits_on_rows_and_competitors(client: FlaskClient, home: Path) -> None:
    many = [f"aanbod nummer {at}" for at in range(201)]
    page = post(client, "/profile/new", {**FIELDS, "offer_text": many})
    assert page.status_code == 422
    assert "At most 200." in page.text
    several = "\n".join(f"bedrijf {at}" for at in range(51))
    page = post(client, "/profile/new", {**FIELDS, "competitors": several})
    assert "At most 50 competitors." in page.text
    kept = post(client, "/profile/new", {**FIELDS, "offer_text": many[:200]})
    assert kept.status_code == 303


def test_a_new_profile_whose_session_is_gone_is_shown_again(
    client: FlaskClient, home: Path
) -> None:
    page = client.post("/profile/new?lang=en", data={**FIELDS, "csrf_token": "x"})
    assert page.status_code == 400 and mails(home) == []
    assert "The form had expired. Nothing you wrote is lost: send it again." in page.text
    assert all(text in page.text for text in (NAME, OFFER, NEED, "Mieke Zilt"))
    fresh = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert fresh is not None
    sent = client.post("/profile/new", data={**FIELDS, "csrf_token": fresh[1]})
    assert sent.status_code == 303 and len(mails(home)) == 1


def test_two_windows_do_not_overwrite_each_other(
    client: FlaskClient, home: Path, store: Store
) -> None:
    def description() -> str | None:
        found = organisations.get(store, profile_of(client))
        assert found is not None
        return found.description

    def mark(page: Any) -> str:
        found = re.search(r'name="seen"[^>]*value="([^"]+)"', page.text)
        assert found is not None
        return found[1]

    published(client, home)
    early = mark(get(client, "/profile/edit"))
    assert edited(client, description="Uit het eerste venster.").status_code == 303
    refused = edited(client, description="Uit het tweede.", name="Ander", seen=early)
    assert refused.status_code == 422 and "Somebody else changed this" in refused.text
    assert "Uit het tweede." in refused.text and 'value="Ander"' in refused.text
    assert description() == "Uit het eerste venster."
    again = edited(client, description="Uit het tweede.", seen=mark(refused))
    assert again.status_code == 303 and description() == "Uit het tweede."


def test_more_rows_without_losing_what_is_typed(client: FlaskClient, home: Path) -> None:
    page = post(client, "/profile/new", {**FIELDS, "name": "", "add": "offer"})
    assert page.status_code == 200
    assert page.text.count('name="offer_text"') == 6  # one is filled
    assert OFFER in page.text
    assert mails(home) == []
    assert get(client, "/profile/new").text.count('name="need_text"') == 3


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org\nSubject: x",
        "a@example.org, b@example.org",
        "<a@example.org>",
        "a@example.org\x00",
    ],
)
def test_no_header_comes_in_by_an_address(client: FlaskClient, home: Path, address: str) -> None:
    assert post(client, "/profile/new", {**FIELDS, "email": address}).status_code == 422
    post(client, "/profile/link", {"email": address})
    assert mails(home) == []
    published(client, home)
    clear(home)
    refused = post(client, "/profile/address", {"email": address})
    assert refused.status_code == 422
    assert in_dutch(client, refused).request.path == "/profile"
    assert mails(home) == []


def test_a_name_with_line_breaks_is_one_line(client: FlaskClient, home: Path, store: Store) -> None:
    own = published(client, home, name="Bedrijf\r\nBcc: x@example.org")
    found = organisations.get(store, own)
    assert found is not None
    assert found.name == "Bedrijf Bcc: x@example.org"


def test_nobody_learns_which_addresses_keep_a_profile(
    app: APIFlask, client: FlaskClient, home: Path
) -> None:
    published(client, home)
    clear(home)
    other = app.test_client()
    known = post(other, "/profile/link", {"email": OWNER})
    unknown = post(other, "/profile/link", {"email": "nobody@example.org"})
    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text
    assert [one.to for one in mails(home)] == [OWNER]


def test_a_link_opens_a_profile_once_and_for_a_time(
    app: APIFlask, client: FlaskClient, home: Path, store: Store
) -> None:
    own = published(client, home)
    other = app.test_client()
    assert get(other, "/profile/edit").headers["Location"] == "/profile/link"
    clear(home)
    post(other, "/profile/link", {"email": OWNER})
    link = link_in(home, "/profile/open/")
    assert get(other, link).status_code == 200
    assert get(other, "/profile/edit").status_code == 302
    assert post(other, link).status_code == 303
    assert NAME in get(other, "/profile/edit").text
    assert post(app.test_client(), link).status_code == 410
    # The session ends after four hours, or by the button.
    with other.session_transaction() as session:
        assert 4 * 3600 - 60 < session["profile"]["until"] - time.time() <= 4 * 3600
        session["profile"] = {**session["profile"], "until": int(time.time()) - 1}
    assert get(other, "/profile/edit").status_code == 302
    cookie = client.get_cookie("session")
    assert cookie is not None and get(client, "/profile/export.json").status_code == 200
    assert post(client, "/profile/close").status_code == 303
    assert get(client, "/profile/edit").status_code == 302
    copied = app.test_client()
    copied.set_cookie("session", cookie.value)
    assert get(copied, "/profile/export.json").status_code == 302
    # An expired link.
    clear(home)
    post(other, "/profile/link", {"email": OWNER})
    with store.keeping() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(TokenRow).where(TokenRow.subject == own).values(expires=past))
    link = link_in(home, "/profile/open/")
    assert get(other, link).status_code == post(other, link).status_code == 410


def test_a_link_for_one_end_does_not_serve_another(client: FlaskClient, home: Path) -> None:
    token = created(client, home).rpartition("/")[2]
    for page in ("/profile/open/", "/profile/address/", "/password/"):
        assert get(client, page + token).status_code == 410
        assert post(client, page + token, {"password": "een lang wachtwoord"}).status_code == 410


def test_a_draft_can_be_sent_again_and_thrown_away(
    app: APIFlask, client: FlaskClient, home: Path, store: Store
) -> None:
    created(client, home)
    clear(home)
    post(client, "/profile/link", {"email": OWNER})
    link = link_in(home, "/profile/confirm/")
    assert post(client, link, {"discard": "1"}).status_code == 303
    assert get(client, link).status_code == 410
    assert traces(store, "kwartelhof") == {"audit": ["profile.discarded"]}


def test_not_everybody_can_fill_a_mailbox(client: FlaskClient, home: Path) -> None:
    for _ in range(MAX_DRAFTS):
        created(client, home)
    refused = post(client, "/profile/new", FIELDS)
    assert refused.status_code == 422
    assert "Several profiles wait" in refused.text
    clear(home)
    for _ in range(8):
        post(client, "/profile/link", {"email": OWNER})
    links = "".join(one.text for one in mails(home)).count("/profile/confirm/")
    assert links == 5 * MAX_DRAFTS - MAX_DRAFTS


def test_mailing_forms_are_limited(home: Path, make_app: Callable[..., APIFlask]) -> None:
    client = make_app(home, SCHAKEL_RATE_LIMITS="1000 per minute").test_client()
    given = {"email": "nobody@example.org"}
    answers = [post(client, "/profile/link", given).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


def test_the_same_name_takes_nothing_over(client: FlaskClient, home: Path, store: Store) -> None:
    before = organisations.get(store, "demo:dijlenano")
    link = created(client, home, name="dijlenano  INSTITUUT (demo)")
    assert "There is an organisation of this name already." in get(client, "/profile").text
    assert post(client, link).status_code == 303
    assert profile_of(client) != "demo:dijlenano"
    assert organisations.get(store, "demo:dijlenano") == before


def test_changes_are_stored_and_found(client: FlaskClient, home: Path, store: Store) -> None:
    own = published(client, home)
    form = get(client, "/profile/edit").text
    for expected in (OFFER, NEED, "2031-12-31", "Surfalink", "Mieke Zilt", "https://kwartelhof"):
        assert expected in form
    other = "Verhuur van een meetboot met sonar voor onderzoek van de zeebodem"
    changed = edited(
        client,
        offer_text=[OFFER, other],
        offer_stage=["production", ""],
        offer_until=["", ""],
        offer_remove=["0"],
        city="Brugge",
        contact_for="nobody",
        competitors="",
    )
    assert changed.status_code == 303
    stored = organisations.get(store, own)
    assert stored is not None
    assert [facet.text for facet in stored.offers] == [other]
    assert (stored.place.city, stored.competitors) == ("Brugge", ())
    assert NAME in names_found(client, other)
    kept = profiles.get(store, own)
    assert kept is not None
    assert kept.contact_for == "nobody"
    # Nothing of the corpus changes: its version stays.
    version = store.corpus_version()
    fields = {"offer_text": [other], "offer_stage": [""], "offer_until": [""], "city": "Brugge"}
    assert edited(client, **fields, contact_for="managers", competitors="").status_code == 303
    assert store.corpus_version() == version
    again = profiles.get(store, own)
    assert again is not None
    assert again.contact_for == "managers"
    wrong = edited(client, **{**fields, "city": "x" * 201})
    assert wrong.status_code == 422
    assert organisations.get(store, own) == again.organisation


def test_an_expired_offer_is_kept_and_not_found(client: FlaskClient, home: Path) -> None:
    published(client, home, offer_until=["2020-01-31", "", ""])
    assert f"<h2><a>{NAME}" not in names_found(client)
    assert "2020-01-31" in get(client, "/profile/edit").text


def test_who_sees_the_contact(app: APIFlask, client: FlaskClient, home: Path, store: Store) -> None:
    own = published(client, home)
    anybody, member = app.test_client(), signed_in(app, "member")
    manager = signed_in(app, "manager")
    for chosen, sees in (("introduced", False), ("nobody", False), ("managers", True)):
        assert edited(client, contact_for=chosen).status_code == 303
        for visitor, allowed in ((anybody, False), (member, False), (manager, sees)):
            page = get(visitor, f"/organisations/{own}").text
            assert ("mieke@kwartelhof.example" in page) is allowed
            assert OWNER not in page
    # Imported: there is nobody to ask.
    contact = organisations.get(store, "demo:dijlenano")
    assert contact is not None
    assert contact.contact is not None
    assert contact.contact.email is not None
    assert contact.contact.email in get(manager, "/organisations/demo:dijlenano").text
    for visitor in (anybody, member, client):
        assert contact.contact.email not in get(visitor, "/organisations/demo:dijlenano").text


def test_the_contact_and_competitors_are_nowhere_else(
    app: APIFlask, client: FlaskClient, home: Path
) -> None:
    own = published(client, home, competitors="demo:trapkar\nSurfalink Assays (demo)")
    assert get(client, "/profile").status_code == 200
    anybody = app.test_client()
    pages = [
        names_found(anybody),
        get(anybody, f"/organisations/{own}").text,
        get(anybody, f"/api/v1/organisations/{own}").text,
        get(anybody, "/api/v1/organisations?q=Kwartelhof").text,
        anybody.post("/api/v1/recommendations", json={"text": OFFER}).text,
    ]
    for text in pages:
        assert NAME in text
        for secret in SECRETS:
            assert secret not in text
    for text in (pages[1], pages[2], pages[3]):
        assert "surfalink" not in text.casefold()
        assert "trapkar" not in text.casefold()
    # Nor does the export of the competitor, should it keep a profile, tell who named it.
    rival = published(anybody, home, **RIVAL)
    assert edited(client, competitors="Wierrivaal").status_code == 303
    assert rival in client.get("/profile/export.json").text
    told = anybody.get("/profile/export.json").text
    assert "Wierrivaal" in told
    assert "kwartelhof" not in told.casefold()


def test_where_it_is_found_and_what_would_help(
    client: FlaskClient, home: Path, store: Store
) -> None:
    need = Need("gedroogde suikerwier van drijvende lijnen")
    initiatives.create(store, Initiative("init:wier", "Wierplan", "Visvoer uit wier", (need,)))
    published(client, home, competitors="demo:surfalink")
    page = get(client, "/profile/found").text
    assert "Nano for Health" in page
    assert page.count("A competitor that you named is a member") == 1
    edited(client, competitors="")
    page = get(client, "/profile/found").text
    assert "A competitor that you named is a member" not in page
    ranked = re.search(r"Wierplan</a>.*?</th>\s*<td[^>]*>1 of \d+</td>(.*?)</tr>", page, re.DOTALL)
    assert ranked is not None
    assert OFFER in ranked[1]
    assert need.text in ranked[1]
    already = get(client, "/profile/found?initiative=init:wier").text
    assert "Your place now: 1." in already
    assert "You are among the first 10 already." in already
    advised = get(client, "/profile/found?initiative=demo:nano-for-health")
    assert advised.status_code == 200
    assert "Your place now" in advised.text or "You aren" in advised.text
    steps = re.findall(r"then place (\d+)", advised.text)
    assert steps
    assert int(steps[-1]) <= 10
    assert get(client, "/profile/found?initiative=init:none").status_code == 404


def test_closed_initiatives_stay_closed(client: FlaskClient, home: Path, store: Store) -> None:
    closed = Initiative("init:dicht", "Geheim wierplan", OFFER, open=False)
    initiatives.create(store, closed)
    published(client, home)
    assert "Geheim wierplan" not in get(client, "/profile/found").text
    assert get(client, "/profile/found?initiative=init:dicht").status_code == 404


def test_a_member_is_told_so(client: FlaskClient, home: Path, store: Store) -> None:
    own = published(client, home)
    initiatives.join(store, "demo:fisch", own)
    assert "Member" in get(client, "/profile/found").text
    advised = get(client, "/profile/found?initiative=demo:fisch").text
    assert "You are in this initiative already." in advised


def test_a_new_address_is_confirmed_by_itself(
    app: APIFlask, client: FlaskClient, home: Path, store: Store
) -> None:
    own = published(client, home)
    clear(home)
    post(client, "/profile/link", {"email": OWNER})
    old_link = link_in(home, "/profile/open/")
    clear(home)
    assert post(client, "/profile/address", {"email": "Nieuw@wier.example"}).status_code == 303
    (mail,) = mails(home)
    assert mail.to == "nieuw@wier.example"
    kept = profiles.get(store, own)
    assert kept is not None
    assert kept.email == OWNER
    link = link_in(home, "/profile/address/")
    clear(home)
    other = app.test_client()
    assert "nieuw@wier.example" in get(other, link).text
    assert post(other, link).status_code == 303
    assert [one.to for one in mails(home)] == [OWNER]
    # The former keeper's session and links have ended.
    assert get(client, "/profile/edit").status_code == 302
    assert post(client, old_link).status_code == 410
    assert get(other, "/profile/edit").status_code == 200
    assert post(other, link).status_code == 410
    clear(home)
    post(client, "/profile/link", {"email": OWNER})
    assert mails(home) == []


def followed_up(store: Store, own: str) -> None:
    """Put an organisation on a match list, with notes that are nobody else's business."""
    now = datetime.now(UTC)
    with store.keeping() as session:
        owner = session.scalars(select(AccountRow)).first()
        session.add(
            MatchListRow(
                id="list1",
                name="Geheime lijst",
                question={},
                created=now,
                changed=now,
                account_id=owner.id if owner else None,
            )
        )
        session.flush()
        session.add(
            MatchListEntryRow(
                list_id="list1", organisation_id=own, status="approached", note="Duur", changed=now
            )
        )


def asked_for(app: APIFlask, own: str) -> None:
    manager = signed_in(app, "manager")
    wish = {
        "organisation": own,
        "initiative": "demo:fisch",
        "message": "Wij willen graag kennismaken met uw bedrijf.",
        "name": "Vrager",
        "email": "vrager@example.org",
    }
    assert post(manager, "/introductions/new", wish).status_code in (302, 303)


def test_the_export_holds_everything_of_theirs_and_nothing_of_others(
    app: APIFlask, client: FlaskClient, home: Path, store: Store
) -> None:
    own = published(client, home)
    initiatives.join(store, "demo:fisch", own)
    followed_up(store, own)
    asked_for(app, own)
    answer = client.get("/profile/export.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    body = json.loads(answer.text)
    one = body["organisation"]
    assert (one["id"], one["name"], one["place"]["city"]) == (own, NAME, "Oostende")
    assert one["contact"] == {
        "name": "Mieke Zilt",
        "email": "mieke@kwartelhof.example",
        "phone": "+32 59 00 00 00",
    }
    assert one["competitors"] == [{"id": "demo:surfalink", "name": "Surfalink Assays (demo)"}]
    assert [facet["text"] for facet in one["offers"]] == [OFFER]
    assert one["offers"][0]["valid_until"] == "2031-12-31"
    assert [facet["text"] for facet in one["needs"]] == [NEED]
    assert (body["profile"]["email"], body["profile"]["state"]) == (OWNER, "published")
    assert body["initiatives"] == [
        {"id": "demo:fisch", "name": body["initiatives"][0]["name"], "since": None}
    ]
    assert [entry["status"] for entry in body["match_lists"]] == ["approached"]
    (introduction,) = body["introductions"]
    assert introduction["message"] == "Wij willen graag kennismaken met uw bedrijf."
    assert [step["step"] for step in introduction["steps"]] == ["asked"]
    assert introduction["requester_contact"] is None
    actions = [line["action"] for line in body["log"]]
    assert actions[:2] == ["profile.created", "profile.published"]
    assert "introduction.asked" in actions
    assert [one["purpose"] for one in body["links"]] == ["introduction"]
    for secret in ("Geheime lijst", "Duur", "vrager@example.org", "manager@example.org"):
        assert secret not in answer.text


def traces(store: Store, words: str) -> dict[str, list[str]]:
    """Where a word stands in any table: the table, and for the log the actions."""
    found: dict[str, list[str]] = {}
    with store.reading() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)):
                if words.casefold() in repr(tuple(row)).casefold():
                    said = row.action if table.name == "audit" else repr(row)
                    found.setdefault(table.name, []).append(said)
    return found


@pytest.mark.usefixtures("hash_vectors")
def test_deleting_leaves_nothing(
    app: APIFlask, client: FlaskClient, home: Path, store: Store
) -> None:
    own = published(client, home)
    initiatives.join(store, "demo:fisch", own)
    followed_up(store, own)
    asked_for(app, own)
    other = published(app.test_client(), home, **{**RIVAL, "competitors": own})
    services = app.extensions["schakel"]
    build_index(store, services.settings)
    assert NAME in names_found(app.test_client())
    stored = organisations.get(store, own)
    assert stored is not None
    facets = [facet.id for facet in stored.facets]
    clear(home)
    refused = post(client, "/profile/delete")
    assert refused.status_code == 422
    assert "Tick the box" in refused.text
    assert get(client, "/profile/delete").status_code == 200
    assert organisations.get(store, own) is not None
    assert post(client, "/profile/delete", {"sure": "y"}).status_code == 303
    assert traces(store, "kwartelhof") == {"audit": ["profile.deleted"]}
    assert traces(store, OFFER).keys() == {"facet"}  # of the other one, in the same words
    (mail,) = mails(home)
    assert (mail[0], NAME in mail[2]) == (OWNER, True)
    with client.session_transaction() as session:
        assert "profile" not in session
    assert get(client, "/profile/edit").status_code == 302
    rival = organisations.get(store, other)
    assert rival is not None
    assert rival.competitors == ()
    fisch = initiatives.get_initiative(store, "demo:fisch")
    assert fisch is not None
    assert own not in fisch.member_ids
    # Gone from the live corpus at once, and from the next index.
    corpus_provider = services.corpus_provider.snapshot()
    assert own not in corpus_provider.corpus.row_of_id
    assert not set(facets) & facets_of(corpus_provider.corpus).keys()
    assert NAME not in names_found(app.test_client())
    build_index(store, services.settings)
    corpus_provider = services.corpus_provider.snapshot()
    vectors = corpus_provider.index.search(
        services.corpus_provider.snapshot().generation.encoder.encode([OFFER]), 1000
    )[1]
    assert not set(facets) & set(vectors.ravel().tolist())
    # An editing session elsewhere finds nothing to edit, and a link nothing to open.
    clear(home)
    post(client, "/profile/link", {"email": OWNER})
    assert mails(home) == []


def test_hidden_and_shown_again_with_all_it_took_part_in(
    app: APIFlask, client: FlaskClient, home: Path, store: Store
) -> None:
    mailer = app.extensions["schakel"].mailer
    own = published(client, home)
    initiatives.change(
        store,
        "demo:fisch",
        lambda old: type(old)(
            **{
                **{name: getattr(old, name) for name in old.__dataclass_fields__},
                "members": (old.members[0], Member(own), *old.members[1:]),
            }
        ),
    )
    rival = app.test_client()
    other = published(rival, home, **{**RIVAL, "competitors": own})
    followed_up(store, own)
    before = organisations.get(store, own)
    assert before is not None
    clear(home)
    assert hide(store, mailer, own, reason="Dit is reclame.", actor="account:admin@example.org")
    assert not hide(store, mailer, own, reason="Nog eens.", actor="account:admin@example.org")
    ((to, _subject, text),) = mails(home)
    assert (to, "Dit is reclame." in text) == (OWNER, True)
    anybody = app.test_client()
    assert NAME not in names_found(anybody)
    assert get(anybody, f"/organisations/{own}").status_code == 404
    assert own not in store_members(store)
    # The keeper still sees, edits and exports it; who named it as a competitor isn't told.
    page = get(client, "/profile").text
    assert "Your profile is hidden" in page
    assert "Dit is reclame." in page
    version = store.corpus_version()
    assert edited(client, city="Nieuwpoort").status_code == 303
    assert store.corpus_version() == version
    assert "Nieuwpoort" in get(client, "/profile/edit").text
    assert "Your profile is hidden, so nobody finds it." in get(client, "/profile/found").text
    body = json.loads(client.get("/profile/export.json").text)
    assert body["organisation"]["place"]["city"] == "Nieuwpoort"
    assert [one["id"] for one in body["initiatives"]] == ["demo:fisch"]
    assert "ierrivaal" not in json.dumps(body)
    assert get(client, "/introductions").status_code == 302
    # Shown again, it is as it was, but for what was edited.
    clear(home)
    assert show_again(store, mailer, own, actor="account:admin@example.org")
    after = organisations.get(store, own)
    assert after is not None
    assert [f.text for f in after.facets] == [f.text for f in before.facets]
    assert (after.place.city, after.contact) == ("Nieuwpoort", before.contact)
    fisch = initiatives.get_initiative(store, "demo:fisch")
    assert fisch is not None
    assert fisch.member_ids[1] == own
    kept = organisations.get(store, other)
    assert kept is not None
    assert kept.competitors == (own,)
    assert NAME in names_found(anybody)
    with store.reading() as session:
        entries = session.scalars(select(MatchListEntryRow.organisation_id)).all()
        lines = session.scalars(select(AuditRow.action).where(AuditRow.actor.contains("admin")))
        assert list(lines) == ["profile.hidden", "profile.shown"]
    assert entries == [own]


def store_members(store: Store) -> tuple[str, ...]:
    found = initiatives.get_initiative(store, "demo:fisch")
    assert found is not None
    return found.member_ids


def test_a_hidden_profile_can_be_deleted(
    app: APIFlask, client: FlaskClient, home: Path, store: Store
) -> None:
    own = published(client, home)
    rival = app.test_client()
    published(rival, home, **{**RIVAL, "competitors": own})
    assert hide(store, app.extensions["schakel"].mailer, own, reason="Reclame.", actor="command")
    assert hide(
        store, app.extensions["schakel"].mailer, profile_of(rival), reason="Ook.", actor="command"
    )
    assert traces(store, "kwartelhof").keys() == {"audit", "profile", "session"}
    assert post(client, "/profile/delete", {"sure": "y"}).status_code == 303
    assert traces(store, "kwartelhof") == {"audit": ["profile.deleted"]}


def profile_of(client: FlaskClient) -> str:
    with client.session_transaction() as session:
        token = session["profile"]["token"]
    opened = sessions.profile_of(client.application.extensions["schakel"].store, token)
    assert opened is not None
    return opened


def test_an_administrator_joins_the_two(
    app: APIFlask, client: FlaskClient, home: Path, store: Store
) -> None:
    own = published(client, home, name="Dijlenano Instituut (demo)")
    merge(store, "demo:dijlenano", own)
    assert get(client, "/profile/edit").status_code == 302
    opened(client, home)
    assert profile_of(client) == "demo:dijlenano"
    assert "nanophotonic biosensor chips" in get(client, "/profile/edit").text


def test_pages_need_their_token_and_are_not_kept(client: FlaskClient, home: Path) -> None:
    published(client, home)
    for page in ("new", "link", "edit", "address", "delete", "close", "confirm/x", "open/x"):
        assert client.post(f"/profile/{page}", data={}).status_code == 400
    for page in ("", "/edit", "/found", "/delete", "/export.json", "/new", "/link"):
        assert get(client, f"/profile{page}").headers["Cache-Control"] == "no-store"


def test_output_is_escaped(client: FlaskClient, home: Path) -> None:
    evil = '<script>alert("x")</script>'
    link = created(client, home, name=evil, offer_text=[evil], need_text=[evil], city=evil)
    assert evil not in get(client, link).text
    post(client, link)
    for page in ("/profile", "/profile/edit", "/profile/found", "/profile/delete"):
        text = get(client, page).text
        assert evil not in text
        assert 'style="' not in text


@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
def test_pages_answer_in_each_language(client: FlaskClient, home: Path, language: str) -> None:
    published(client, home)
    for page in ("", "/new", "/link", "/edit", "/found", "/delete"):
        assert client.get(f"/profile{page}?lang={language}").status_code == 200
