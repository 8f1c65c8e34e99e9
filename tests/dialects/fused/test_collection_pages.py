"""The page of a collection in a browser, by what a person does."""

import re
import uuid

import pytest
from playwright.sync_api import expect

from browser import Sight, watched

TABLE = '''
@fused.udf
def udf(rows: int = 5, word: str = "row", *, late: bool = False, share: float = 0.5, more: list[int] = [1]):
    """A table of numbers.

    At length.
    """
    import pandas as pd
    return pd.DataFrame({"n": range(rows), "name": [f"{word} {n}" for n in range(rows)]})
'''
TILES = """
@fused.udf
def udf(bounds: fused.types.Bounds = None):
    "Paint where it is asked."
    import numpy as np
    if bounds is None:
        raise ValueError("where?")
    return np.full((3, 256, 256), 90, "uint8")
"""
BROKEN = "import no_such_library\n\ndef udf(): pass"
PLAIN = "def udf(): return 42"


@pytest.fixture
def context(browser, server):
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.set_default_timeout(20_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def collect(web):
    """Make a collection of udfs, by their names, and share it; its id, its token and its name."""

    def make(codes: dict[str, str], **more) -> tuple[str, str, str]:
        name = f"weather {uuid.uuid4().hex[:6]}"
        made = web.post("/server/v1/collection/new", json={"name": name, "access_scope": "public", **more}).json()
        for slug, code in codes.items():
            web.save(code, slug, collection_id=made["id"])
        shared = web.post("/server/v1/collection/share", params={"collection_id": made["id"]}).json()
        return made["id"], shared["share_token"], name

    return make


def cards(page):
    return page.locator(".udf:visible")


def test_a_person_finds_a_udf_in_a_collection_calls_it_and_comes_back(context, collect):
    _, token, name = collect({"table": TABLE, "painted": TILES, "answer": PLAIN})
    page = context.new_page()
    wrong = watched(page)
    page.goto(f"/share/{token}")
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.get_by_text("3 functions")).to_be_visible()
    assert cards(page).locator("h2").all_inner_texts() == ["answer", "painted", "table"]
    table = cards(page).filter(has_text="A table of numbers.")
    expect(table).to_have_count(1)
    expect(table).not_to_contain_text("At length.")
    expect(table.locator(".takes")).to_contain_text("rows = 5")
    expect(table.locator(".takes")).to_contain_text("and 1 more")
    expect(cards(page).filter(has_text="Paint where it is asked.")).to_contain_text("map tiles")
    expect(cards(page).filter(has_text="answer")).to_contain_text("takes no parameters")
    page.get_by_role("link", name="table").click()
    expect(page.locator(".table .count")).to_have_text("5 rows")
    assert page.url.endswith(f"/share/{token}/table")
    page.get_by_label("rows", exact=False).first.fill("7")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".table .count")).to_have_text("7 rows")
    page.get_by_label("Parameters").scroll_into_view_if_needed()
    page.locator(".what").get_by_role("link", name=name).click()
    expect(page.get_by_text("3 functions")).to_be_visible()
    assert wrong == []


def test_an_address_that_is_copied_gives_the_result_and_links_lead_to_descriptions(context, collect, open_web):
    _, token, _ = collect({"painted": TILES, "answer": PLAIN})
    page = context.new_page()
    page.goto(f"/share/{token}")
    page.get_by_role("button", name="Copy the address of answer").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert open_web.get(page.evaluate("navigator.clipboard.readText()")).json() == 42
    tilejson = page.get_by_role("link", name="TileJSON")
    expect(tilejson).to_have_count(1)
    told = open_web.get(tilejson.get_attribute("href")).json()
    assert open_web.get(told["tiles"][0].format(z=1, x=0, y=0)).headers["content-type"] == "image/png"
    specs = page.get_by_role("link", name="OpenAPI")
    expect(specs).to_have_count(2)
    assert {open_web.get(link.get_attribute("href")).json()["openapi"] for link in specs.all()} == {"3.1.0"}


def test_a_function_that_cannot_be_made_says_what_is_wrong_and_the_others_stay(context, collect):
    _, token, _ = collect({"broken": BROKEN, "answer": PLAIN})
    page = context.new_page()
    page.goto(f"/share/{token}")
    expect(cards(page).filter(has_text="broken")).to_contain_text("No module named 'no_such_library'")
    expect(cards(page).filter(has_text="answer")).to_contain_text("takes no parameters")


def test_many_udfs_can_be_searched_by_name_and_by_what_they_say(context, collect):
    _, token, _ = collect({f"number {n}": PLAIN for n in range(12)} | {"table": TABLE})
    page = context.new_page()
    page.goto(f"/share/{token}")
    expect(page.get_by_text("A table of numbers.")).to_be_visible()
    find = page.get_by_label("Find a function")
    find.fill("number 1")
    expect(page.get_by_role("status")).to_have_text("3 of 13")
    assert cards(page).locator("h2").all_inner_texts() == ["number 1", "number 10", "number 11"]
    find.fill("Table OF")
    expect(page.get_by_role("status")).to_have_text("1 of 13")
    find.fill("")
    assert cards(page).count() == 13


def test_what_is_out_of_sight_is_not_described_until_it_is_looked_at(context, collect):
    _, token, _ = collect({f"u{n:02}": PLAIN for n in range(60)})
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/about.json" in request.url else None)
    page.goto(f"/share/{token}")
    expect(cards(page).first).to_contain_text("takes no parameters")
    expect(cards(page).nth(8)).to_contain_text("takes no parameters")
    assert 9 <= len(asked) < 40
    cards(page).last.scroll_into_view_if_needed()
    expect(cards(page).last).to_contain_text("takes no parameters")


def test_a_passcode_opens_it_and_what_is_in_it(context, collect):
    _, token, name = collect({"table": TABLE, "painted": TILES}, passcode="open sesame")
    page = context.new_page()
    wrong = watched(page)
    page.goto(f"/share/{token}")
    expect(page.get_by_role("heading", name="It is kept behind a passcode")).to_be_visible()
    page.keyboard.type("open sesami")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This is not the passcode of the collection.")
    page.get_by_label("Passcode").fill("open sesame")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_text("A table of numbers.")).to_be_visible()
    page.get_by_role("link", name="table").click()
    expect(page.locator(".table .count")).to_have_text("5 rows")
    page.get_by_label("rows", exact=False).first.fill("7")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".table .count")).to_have_text("7 rows")
    page.reload()
    expect(page.locator(".table .count")).to_have_text("7 rows")
    page.locator(".what").get_by_role("link", name=name).click()
    with page.expect_response(re.compile(r"/painted/run/tiles/")) as tile:
        page.get_by_role("link", name="painted").click()
    assert tile.value.status == 200
    assert wrong == []


def test_the_page_works_by_keys_alone(context, collect):
    _, token, _ = collect({"answer": PLAIN, "table": TABLE})
    page = context.new_page()
    page.goto(f"/share/{token}")
    expect(page.get_by_text("A table of numbers.")).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "table":
            break
    page.keyboard.press("Enter")
    expect(page.locator(".table .count")).to_have_text("5 rows")


def test_markup_of_a_udf_is_text(context, collect):
    evil = "<img src=x onerror=window.bitten=true>"
    _, token, _ = collect({evil: f"def udf(a='{evil}'):\n    '''{evil}'''\n    return 1"})
    page = context.new_page()
    page.goto(f"/share/{token}")
    expect(cards(page).locator("h2")).to_have_text(evil)
    expect(cards(page).locator(".says")).to_have_text(evil)
    assert page.evaluate("window.bitten") is None
    assert page.locator("main img").count() == 0


def test_it_fits_a_phone_and_follows_the_colours_of_the_system(browser, server, collect):
    _, token, _ = collect({"a_name_that_is_far_longer_than_a_phone_is_wide_" * 2: TABLE, "painted": TILES})
    phone = {"viewport": {"width": 375, "height": 740}, "is_mobile": True, "has_touch": True, "color_scheme": "dark"}
    context = browser.new_context(base_url=server.url, **phone)
    page = context.new_page()
    page.goto(f"/share/{token}")
    expect(page.get_by_text("A table of numbers.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert sum(Sight(page.locator("body")).at(0.5, 0.02)) < 150
    page.get_by_role("button", name="Switch to light colours").tap()
    assert sum(Sight(page.locator("body")).at(0.5, 0.02)) > 600
    page.get_by_role("link", name="painted").tap()
    expect(page.get_by_role("tab", name="Without a tile")).to_be_visible()
    context.close()
