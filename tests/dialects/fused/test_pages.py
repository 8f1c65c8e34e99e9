"""The share page in a browser, by what a person does."""

import re
import subprocess
import textwrap

import pytest
from playwright.sync_api import expect

from browser import Sight, at_rest, watched

TABLE = '''
@fused.udf
def udf(rows: int = 50, late: bool = False):
    """A table of numbers."""
    import pandas as pd
    print("printed by the udf")
    numbers = list(range(rows))
    frame = pd.DataFrame({"n": numbers, "square": [n * n for n in numbers], "name": [f"row {n}" for n in numbers]})
    frame["maybe"] = [None if n % 2 else n / 4 for n in numbers]
    return frame[frame.n > 40] if late else frame
'''
TILES = """
@fused.udf
def udf(bounds: fused.types.Bounds = None, red: int = 200):
    import numpy as np
    if bounds is None:
        raise ValueError("where?")
    picture = np.zeros((3, 256, 256), "uint8")
    picture[0], picture[2] = red, 90
    return picture
"""
SQUARES = """
@fused.udf
def udf(count: int = 4):
    import geopandas as gpd, shapely
    boxes = [shapely.box(10 * i, 0, 10 * i + 8, 8) for i in range(count)]
    return gpd.GeoDataFrame({"which": range(count), "word": ["<b>bold</b>"] * count}, geometry=boxes, crs=4326)
"""


@pytest.fixture
def context(browser, server):
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.set_default_timeout(20_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def visit(context, web):
    """Open the page of a udf in a new tab. Afterwards nothing may have gone wrong on it."""
    opened = []

    def go(code: str, query: str = ""):
        page = context.new_page()
        page.wrong = watched(page)
        opened.append(page)
        page.goto(f"/share/{web.share(textwrap.dedent(code))}{query}")
        return page

    yield go
    for page in opened:
        assert page.wrong == []


def cells(page, column: int) -> list[str]:
    return [row.locator(".cell").nth(column).inner_text() for row in page.locator(".grid .row").all()]


def test_the_result_is_a_table_that_can_be_sorted(visit):
    page = visit(TABLE)
    expect(page.get_by_role("heading", name=re.compile("-"), level=1)).to_be_visible()
    expect(page.get_by_text("A table of numbers.")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="50 rows")).to_be_visible()
    assert cells(page, 0)[:3] == ["0", "1", "2"]
    square = page.get_by_role("button", name="square int64")
    square.click()
    square.click()
    expect(page.locator(".grid .row").first).to_contain_text("row 49")
    expect(page.get_by_role("columnheader", name=re.compile("square"))).to_have_attribute("aria-sort", "descending")
    square.click()
    expect(page.locator(".grid .row").first).to_contain_text("row 0")


def test_what_is_missing_comes_last_in_both_directions(visit):
    page = visit(TABLE, "?rows=8")
    maybe = page.get_by_role("button", name=re.compile("maybe"))
    maybe.click()
    expect(page.locator(".grid .row").first).to_contain_text("row 0")
    assert cells(page, 3) == ["0", "0.5", "1", "1.5", "null", "null", "null", "null"]
    maybe.click()
    expect(page.locator(".grid .row").first).to_contain_text("row 6")
    assert cells(page, 3) == ["1.5", "1", "0.5", "0", "null", "null", "null", "null"]


def test_a_changed_parameter_changes_the_result_and_the_address(visit):
    page = visit(TABLE)
    rows = page.get_by_label("rows", exact=False).first
    expect(rows).to_have_value("50")
    rows.fill("7")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".table .count")).to_have_text("7 rows")
    assert page.url.endswith("?rows=7")
    page.reload()
    expect(page.locator(".table .count")).to_have_text("7 rows")
    expect(page.locator(".badge")).to_have_text(re.compile("cache hit"))


def test_rows_can_be_filtered(visit):
    page = visit(TABLE)
    page.get_by_label("Filter rows").fill("row 4")
    expect(page.locator(".table .count")).to_have_text("11 of 50 rows")
    page.get_by_label("Filter rows").fill("no such thing")
    expect(page.locator(".table .count")).to_have_text("0 of 50 rows")
    page.get_by_label("Filter rows").fill("")
    expect(page.locator(".table .count")).to_have_text("50 rows")


def test_the_whole_page_works_by_keys_alone(visit):
    page = visit(TABLE)
    expect(page.locator(".table .count")).to_have_text("50 rows")
    keys = page.keyboard

    def tab_to(selector: str) -> None:
        for _ in range(40):
            keys.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"no way by keys to {selector}")

    tab_to("[name=rows]")
    keys.press("ControlOrMeta+a")
    keys.type("5000")
    tab_to("[name=late]")
    keys.press("Space")
    tab_to(".go")
    keys.press("Enter")
    expect(page.locator(".table .count")).to_have_text("4,959 rows")
    tab_to("[role=grid]")
    keys.press("End")
    expect(page.locator(".row.active")).to_contain_text("row 4999")
    keys.press("PageUp")
    keys.press("ArrowUp")
    expect(page.locator(".row.active")).not_to_contain_text("row 4999")
    keys.press("Home")
    expect(page.locator(".row.active")).to_contain_text("row 41")
    page.locator("[role=tab][aria-selected=true]").first.focus()
    keys.press("ArrowRight")
    expect(page.locator(".plot canvas")).to_be_visible()


def test_colours_follow_the_system_until_they_are_chosen(visit):
    page = visit(TABLE)
    expect(page.locator(".table .count")).to_have_text("50 rows")

    def darkness() -> int:
        return sum(Sight(page.locator("body")).at(0.5, 0.02))

    assert darkness() > 600
    page.emulate_media(color_scheme="dark")
    assert darkness() < 150
    page.get_by_role("button", name="Switch to light colours").click()
    assert darkness() > 600
    page.reload()
    expect(page.locator(".table .count")).to_have_text("50 rows")
    assert darkness() > 600


def test_the_curl_snippet_that_is_copied_gives_the_result(visit):
    page = visit(TABLE, "?rows=3")
    page.get_by_role("tab", name="curl").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command.startswith("curl ")
    printed = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[0] == "n,square,name,maybe"
    assert len(printed.splitlines()) == 4


def test_every_file_link_answers(visit, server, open_web):
    page = visit(SQUARES)
    links = page.locator(".file")
    expect(links.first).to_be_visible()
    addresses = [link.get_attribute("href") for link in links.all()]
    assert len(addresses) >= 6
    assert {open_web.get(address).status_code for address in addresses} == {200}


def test_a_chart_is_drawn_of_the_columns_that_are_chosen(visit):
    page = visit(TABLE)
    page.get_by_role("tab", name="Chart").click()
    expect(page.locator(".plot canvas")).to_be_visible()
    expect(page.locator(".u-legend")).to_contain_text("n")
    page.get_by_role("group", name="Up").get_by_role("button", name="square").click()
    expect(page.locator(".u-legend")).to_contain_text("square")
    assert Sight(page.locator(".plot")).has((0x0B, 0x72, 0x85))


def test_what_the_function_printed_can_be_read(visit):
    page = visit(TABLE)
    page.get_by_role("tab", name="Output").click()
    expect(page.locator(".output")).to_have_text("printed by the udf\n", use_inner_text=True)


def test_a_udf_that_answers_for_tiles_is_a_map_of_the_colour_that_it_paints(visit):
    page = visit(TILES, "?red=130")
    expect(page.get_by_role("tab", name="Map", exact=True)).to_have_attribute("aria-selected", "true")
    at_rest(page, "result")
    assert near(Sight(page.locator(".map")).at(0.5, 0.5), (130, 0, 90))
    page.get_by_role("tab", name="Without a tile").click()
    expect(page.get_by_role("alert")).to_contain_text("where?")


def test_geometries_are_drawn_where_they_lie_and_tell_their_attributes(visit):
    page = visit(SQUARES)
    page.get_by_role("tab", name="Map", exact=True).click()
    at_rest(page, "result-fill")
    place = page.evaluate("() => { const p = headraceMap.project([14, 4]); return [p.x, p.y]; }")
    beside = page.evaluate("() => { const p = headraceMap.project([9, 4]); return [p.x, p.y]; }")
    box = page.locator(".map").bounding_box()
    sight = Sight(page.locator(".map"))
    inside = sight.at(place[0] / box["width"], place[1] / box["height"])
    assert inside[0] < 150 < inside[2], f"the square has the colour {inside}"
    assert min(sight.at(beside[0] / box["width"], beside[1] / box["height"])) > 200
    page.mouse.click(box["x"] + place[0], box["y"] + place[1])
    expect(page.locator(".attributes")).to_contain_text("<b>bold</b>")
    expect(page.locator(".attributes b")).to_have_count(0)
    page.get_by_label("Colour by").select_option("which")
    at_rest(page, "result-fill")
    assert Sight(page.locator(".map")).has((0xF0, 0xE6, 0x92), 40), "no square is yellow, which is the highest value's"


def test_many_geometries_come_as_vector_tiles(visit):
    page = visit(
        SQUARES.replace("10 * i, 0, 10 * i + 8, 8", "i % 90, i // 90 % 60, i % 90 + .8, i // 90 % 60 + .8"),
        "?count=6000",
    )
    with page.expect_response(re.compile(r"/run/tiles/.*format=mvt")) as tile:
        page.get_by_role("tab", name="Map", exact=True).click()
    assert tile.value.status == 200
    at_rest(page, "result-fill")
    # 4 of 5 degrees each way are drawn, at a zoom where a square is a few pixels.
    assert Sight(page.locator(".map")).share(lambda red, _, blue: red < 210 and blue > red + 20) > 0.15


def test_a_picture_that_knows_where_it_lies_is_found_on_the_map(visit):
    page = visit("""
        @fused.udf
        def udf(bounds: fused.types.Bounds = None):
            import numpy as np
            return np.full((3, 64, 64), 90, "uint8"), list(bounds) if bounds else [20, 40, 24, 44]
    """)
    expect(page.get_by_role("tab", name="Map", exact=True)).to_have_attribute("aria-selected", "true")
    at_rest(page, "result")
    west, south, east, north = page.evaluate("() => headraceMap.getBounds().toArray().flat()")
    assert [10 < west < 20, 24 < east < 34, 35 < south < 40, 44 < north < 50] == [True] * 4
    near(Sight(page.locator(".map")).at(0.5, 0.5), (90, 90, 90))


def test_a_million_rows_scroll_and_sort(visit):
    page = visit("""
        @fused.udf
        def udf():
            import numpy as np, pandas as pd
            n = np.arange(1_000_000)
            return pd.DataFrame({"n": n, "back": n[::-1] * 2, "half": n / 2})
    """)
    expect(page.locator(".table .count")).to_have_text("1,000,000 rows", timeout=60_000)
    assert page.locator(".grid .row").count() < 60
    page.evaluate("() => { const grid = document.querySelector('.grid'); grid.scrollTop = grid.scrollHeight; }")
    expect(page.locator(".grid .row").last).to_contain_text("999999")
    page.evaluate("() => { const grid = document.querySelector('.grid'); grid.scrollTop = grid.scrollHeight / 2; }")
    expect(page.locator(".grid .row").first).to_contain_text(re.compile(r"^(49|50)\d{4}"))
    page.get_by_role("button", name=re.compile("back")).click()
    expect(page.locator(".grid .row").first).to_contain_text("999999")


def test_markup_in_a_result_is_text(visit):
    page = visit("""
        @fused.udf
        def udf():
            import pandas as pd
            evil = "<img src=x onerror='window.bitten = true'><script>window.bitten = true</script>"
            return pd.DataFrame({evil: [evil] * 3, "n": range(3)})
    """)
    expect(page.locator(".grid .row").first).to_contain_text("<script>window.bitten")
    page.get_by_role("tab", name="Chart").click()
    expect(page.locator(".plot canvas")).to_be_visible()
    assert page.evaluate("window.bitten") is None
    assert page.locator("main img, main script").count() == 0


def test_a_page_that_a_udf_gives_has_an_origin_of_its_own(visit):
    page = visit("""
        @fused.udf
        def udf():
            return '''<p id=a>waiting</p><script>
              let said = "alone";
              try { said = "reached " + parent.document.title; } catch (refused) {}
              try { localStorage.setItem("a", "b"); said += " kept"; } catch (refused) {}
              document.getElementById("a").textContent = said;
            </script>'''
    """)
    expect(page.frame_locator("iframe.framed").locator("#a")).to_have_text("alone")


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("def udf(): return 42.5", "42.5"),
        ("def udf(): return {'a': [1, {'b': None}]}", '"b": null'),
        ("def udf(): return None", "Nothing"),
        ("def udf():\n    import pandas as pd\n    return pd.DataFrame({'a': []})", "No rows"),
        ("def udf(): return 'plain words'", "plain words"),
        ("def udf(): return [{'a': 1, 'b': 'x'}, {'a': 2}]", "2 rows"),
        ("def udf():\n    import numpy as np\n    return np.zeros((30, 40), 'uint8')", "40 \u00d7 30 pixels"),
    ],
    ids=["number", "nested", "nothing", "no rows", "words", "records", "picture"],
)
def test_every_kind_of_value_is_shown(visit, code, shown):
    page = visit(f"@fused.udf\n{code}")
    expect(page.locator(".stage")).to_contain_text(shown)


def test_an_error_of_the_function_is_told_with_its_line_and_what_was_printed(visit):
    page = visit("@fused.udf\ndef udf(n: int = 3):\n    print('before')\n    return [1, 2][n]")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("IndexError")
    expect(alert).to_contain_text("list index out of range")
    expect(alert).to_contain_text("In line 4")
    expect(alert).to_contain_text("before")
    page.get_by_label("n", exact=False).first.fill("1")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".stage")).to_contain_text("2")
    expect(alert).to_have_count(0)


def test_a_parameter_without_a_default_is_asked_for(visit):
    page = visit("@fused.udf\ndef udf(a: float, b: float = 2): return a * b")
    expect(page.get_by_text("Fill in a, and press Run.")).to_be_visible()
    page.keyboard.type("21")
    page.keyboard.press("Enter")
    expect(page.locator(".value")).to_have_text("42.0")


def test_a_call_can_be_stopped(visit):
    page = visit(
        "@fused.udf\ndef udf(seconds: float = 15):\n    import time\n    time.sleep(seconds)\n    return 'done'"
    )
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".stage")).to_contain_text("Stopped")
    page.get_by_label("seconds").fill("0")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".stage")).to_contain_text("done")


def test_it_fits_a_phone(browser, server, web):
    context = browser.new_context(
        base_url=server.url, viewport={"width": 375, "height": 740}, is_mobile=True, has_touch=True
    )
    page = context.new_page()
    page.goto(f"/share/{web.share(TABLE)}")
    expect(page.locator(".table .count")).to_have_text("50 rows")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.get_by_role("tab", name="Chart").tap()
    expect(page.locator(".plot canvas")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    context.close()


def test_the_first_page_tells_what_the_server_is(context):
    page = context.new_page()
    wrong = watched(page)
    page.goto("/")
    expect(page.get_by_role("heading", name="One saved function, every door")).to_be_visible()
    page.get_by_role("link", name="Read the reference").click()
    expect(page).to_have_title(re.compile("Headrace"))
    assert page.url.endswith("/docs")
    assert wrong == []


def near(seen: tuple[int, int, int], wanted: tuple[int, int, int], by: int = 4) -> bool:
    assert all(abs(a - b) <= by for a, b in zip(seen, wanted, strict=True)), f"seen {seen}, wanted {wanted}"
    return True
