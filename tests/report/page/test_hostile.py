"""Nothing that a model wrote runs, or breaks the page; it is shown as it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ot_grid.report.page import html
from tests.report.page import hostile, made
from tests.report.page.conftest import Opened

pytestmark = pytest.mark.slow  # a real browser

LETTERS = 4000  # of a text before "show all"


@pytest.fixture(scope="module")
def words() -> made.Words:
    """Every place that text comes from, full of it."""
    return made.Words(
        factors={"<b onclick=window.pwned=1>": list(hostile.NAMES), "__proto__": ["toString", "</script>"]},
        benchmarks=("<script>window.pwned=1</script>", "constructor", "\u202egpj"),
        banner=hostile.CORPUS,
        notes=hostile.CORPUS,
        sentence="".join(hostile.SCRIPTS),
        noise="".join(hostile.SCRIPTS),
        asked="".join(hostile.NAMES),
        cause="</td></table><script>window.pwned=1</script>\u202e",
        question=hostile.CORPUS,
        answer=hostile.CORPUS,
        output=hostile.CORPUS,
        extracted=hostile.CORPUS,
        reason=hostile.CORPUS,
        dropped=hostile.CORPUS,
    )


@pytest.fixture(scope="module")
def page(words: made.Words) -> str:
    report = made.report(words)
    return html(report, made.evidence(report, words, len(hostile.CORPUS)))


@pytest.fixture(scope="module")
def opened(show_once: Callable[..., Opened], page: str) -> Opened:
    """The one hostile page: what ran in any test is seen by each after it."""
    return show_once(page)


@pytest.fixture(scope="module")
def harmless(show_once: Callable[..., Opened]) -> Opened:
    return show_once(html(made.report(), made.evidence(made.report())))


def test_nothing_of_the_corpus_is_markup_in_the_file(page: str):
    """The file has the page's own tags and no other: every '<' of a stranger is escaped or packed."""
    plain = html(made.report(), made.evidence(made.report()))
    scripts = page.count("<script")
    assert scripts - page.count('<script type="text/plain"') == plain.count("<script") - plain.count(
        '<script type="text/plain"'
    )
    assert page.isascii() or "pwned" not in "".join(sign for sign in page if ord(sign) > 127)
    assert "<b onclick" not in page
    page.encode("utf-8")


def test_texts_of_the_report_are_shown_as_they_are(opened: Opened):
    """Names, banner, notes and the verdict show every sign, and nothing runs."""
    notes = opened.all(".notes > p, .notes li")
    assert notes == [hostile.visible(text) for text in hostile.CORPUS]
    banners = opened.all(".banner bdi")
    assert banners == [hostile.visible(text) for text in hostile.CORPUS]
    assert opened.text("h1") == hostile.visible("".join(hostile.SCRIPTS))
    assert opened.text(".noise bdi") == hostile.visible("".join(hostile.SCRIPTS))
    assert opened.text(".asked") == hostile.visible("".join(hostile.NAMES))
    names = " ".join(opened.all("#ranking tbody th bdi"))
    assert all(hostile.visible(text) in names for text in hostile.NAMES)
    opened.quiet()


def test_outputs_are_shown_as_they_are(opened: Opened):
    """Every question opens; prompt, answer and outputs show every sign up to the cut, and nothing runs."""
    for number, text in enumerate(hostile.CORPUS):
        name = f"q{number}/constructor/0"
        opened.tab.evaluate("name => { location.hash = 'benchmark=constructor&question=' + name }", name)
        opened.tab.wait_for_function(
            "name => document.querySelector('#outputs h3')?.textContent.includes(name)", arg=name
        )
        shown = opened.all("#outputs pre.text")
        assert len(shown) == 6
        cut = [each.removesuffix("…") for each in shown] if len(text) > LETTERS else shown
        assert set(cut) == {hostile.visible(text[:LETTERS])}, number
    opened.quiet()


def test_a_megabyte_is_shown_on_demand(opened: Opened):
    """The whole of a long output is shown when it is asked for."""
    number = len(hostile.CORPUS) - len(hostile.LONG)
    opened.tab.evaluate(f"location.hash = 'benchmark=constructor&question=q{number}/constructor/0'")
    button = opened.tab.locator("#outputs .output .more").first
    button.click()
    assert opened.text("#outputs .output pre.text") == hostile.LONG[0]
    opened.quiet()


def test_reasons_and_cells_are_shown_as_they_are(opened: Opened):
    """What was dropped, and a row's own sheet, show every sign, and nothing runs."""
    opened.near("#steps", "button.open")
    opened.tab.locator("#steps button.open").first.click()
    assert hostile.visible(hostile.CORPUS[0]) in opened.text("#step details summary")
    opened.tab.evaluate("document.querySelectorAll('#step details').forEach(each => { each.open = true })")
    opened.tab.evaluate("location.hash = 'cell=c0003'")
    opened.tab.wait_for_selector("#cell table")
    assert hostile.visible(hostile.NAMES[1]) in opened.text("#cell h2")
    for part in ("differences", "factors", "cost", "heat", "questions"):
        opened.tab.locator(f"#{part}").scroll_into_view_if_needed()
    opened.tab.wait_for_timeout(300)
    opened.quiet()


def test_a_hostile_page_still_sorts_and_searches(opened: Opened):
    """Rows follow the heading, and a stranger's name is found by its own signs."""
    rows, table = len(hostile.NAMES) * 2, opened.tab.locator("#ranking .scroll.tall")
    for _ in range(2):
        table.locator("thead button", has_text="mean").click()
    means = [float(each) for each in opened.all("#ranking .scroll.tall td.number strong") if "." in each]
    assert len(means) == rows
    assert means == sorted(means)
    opened.tab.fill("#search", "<img src=x")
    wanted = sum("<img src=x" in name.lower() for name in hostile.NAMES)
    assert len(opened.all("#ranking .scroll.tall tbody tr")) == 2 * wanted
    opened.tab.fill("#search", "")
    assert len(opened.all("#ranking .scroll.tall tbody tr")) == rows
    opened.quiet()


@pytest.mark.parametrize("fragment", hostile.SCRIPTS)
def test_a_hostile_link_opens_nothing(harmless: Opened, fragment: str):
    """A fragment is a name to look up, and nothing else."""
    harmless.tab.evaluate("text => { location.hash = 'cell=' + encodeURIComponent(text) }", fragment)
    harmless.tab.wait_for_function("text => document.querySelector('#cell').textContent.includes(text)", arg=fragment)
    harmless.quiet()


@pytest.mark.parametrize("fragment", hostile.SCRIPTS)
def test_a_hostile_link_to_a_question_opens_nothing(harmless: Opened, fragment: str):
    """Neither benchmarks, nor questions, nor rows of an address are more than names."""
    to = "text => { location.hash = `benchmark=aime24&question=${text}&a=${text}&b=${text}` }"
    harmless.tab.evaluate(to.replace("{text}", "{encodeURIComponent(text)}"), fragment)
    harmless.tab.wait_for_function(
        "text => document.querySelector('#outputs h3')?.textContent.includes(text)", arg=fragment
    )
    harmless.quiet()
