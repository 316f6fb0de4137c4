"""The page in a real Chromium: it renders, sorts, searches, drills down, and is worked by keys."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from importlib.resources import files

import pandas as pd
import pytest

from ot_grid.report import build as reports
from ot_grid.report.page import SCRIPTS, html, style_and_script
from tests.report.conftest import Made
from tests.report.page import made
from tests.report.page.conftest import Opened

pytestmark = pytest.mark.slow  # a real browser

Show = Callable[..., Opened]
SERIOUS = ("serious", "critical")  # of axe's four
PARTS = ("ranking", "differences", "factors", "cost", "heat", "questions", "steps")


@pytest.fixture
def four(show: Show) -> Opened:
    report = made.report()
    return show(html(report, made.evidence(report)))


@pytest.fixture(scope="module")
def thousand() -> str:
    """The page of 1,000 rows, made once."""
    words = made.thousand()
    report = made.report(words)
    return html(report, made.evidence(report, words, 50))


def first_row(opened: Opened) -> str:
    return opened.text("#ranking tbody tr:not(.gap) th code")


def test_the_script_makes_no_markup():
    """No string becomes markup or code: the doors for that are not in the script."""
    style, script = style_and_script()
    for door in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function",
                 "srcdoc", "DOMParser", "http://", "https://", "</script"):  # fmt: skip
        assert door not in script.replace("http://www.w3.org/2000/svg", ""), door
    assert "@import" not in style
    assert "url(" not in style


def test_every_script_is_in_the_page():
    """No file lies beside the page that is not in it."""
    there = {path.name.removesuffix(".js") for path in files("ot_grid.report.page").joinpath("js").iterdir()}
    assert there == set(SCRIPTS)


def test_the_policy_names_the_one_script_and_the_one_style():
    """All else is forbidden, by digest."""
    page = html(made.report())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1]
    assert "default-src 'none'" in policy
    for kind, text in zip(("style", "script"), style_and_script(), strict=True):
        assert f"{kind}-src 'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy
        assert f"<{kind}>{text}</{kind}>" in page


def test_the_same_report_gives_the_same_page():
    """Nothing in a page depends on when it was made."""
    assert html(made.report(), made.evidence(made.report())) == html(made.report(), made.evidence(made.report()))


def test_four_cells_are_shown_whole(four: Opened):
    """Banner and verdict come first; every part is drawn, without a request or a word in the console."""
    assert four.text(".banner").startswith("⚠ REHEARSAL")
    assert four.text("h1") == made.Verdict.sentence
    assert "2.4 points" in four.text(".yardstick")
    assert len(four.all("#ranking tbody tr")) == 4
    for part in PARTS:
        four.near(f"#{part}", "svg, table")
    assert len(four.all("#ranking tbody svg .point")) == 7
    four.quiet()


def test_a_thousand_cells_are_not_all_drawn(show: Show, thousand: str):
    """A table holds only the rows that are near the screen, and says how many there are."""
    opened = show(thousand)
    assert opened.tab.locator("#ranking table").first.get_attribute("aria-rowcount") == "1001"
    assert len(opened.all("#ranking tbody tr:not(.gap)")) < 120
    opened.tab.evaluate("document.querySelector('#ranking .scroll').scrollTop = 1e6")
    opened.tab.wait_for_function(
        "[...document.querySelectorAll('#ranking tbody code')].some(e => e.textContent === 'c0999')"
    )
    for part in (*PARTS, "scaling"):
        opened.near(f"#{part}", "svg, table")
    opened.quiet()


def test_a_heading_sorts_both_ways(four: Opened):
    """aria-sort and the rows follow; what is sorted by is said."""
    head = four.tab.locator("#ranking thead button", has_text="mean")
    head.click()
    assert first_row(four) == "c0000"
    assert four.tab.locator("#ranking th[aria-sort=descending]").text_content().startswith("mean")
    head.click()
    assert first_row(four) == "c0003"
    assert four.tab.locator("#ranking th[aria-sort=ascending]").count() == 1
    assert "sorted by mean" in four.text("[role=status]")


def test_search_and_filters_narrow_the_rows(four: Opened):
    """Words and choices narrow together; the count says how many are left."""
    four.tab.fill("#search", "length")
    assert len(four.all("#ranking tbody tr")) == 2
    assert four.text(".count") == "2 of 4 rows"
    four.tab.locator("#ranking select").nth(1).select_option(label="r1")
    assert [first_row(four), len(four.all("#ranking tbody tr"))] == ["c0001", 1]
    four.tab.fill("#search", "nothing of the kind")
    assert four.all("#ranking tbody tr") == []


def test_more_columns_are_shown_on_demand(four: Opened):
    """Each benchmark, noise, answers and cost can be added."""
    before = len(four.all("#ranking thead th"))
    for box in four.tab.locator(".boxes input").all():
        box.check()
    assert len(four.all("#ranking thead th")) > before + 12
    four.quiet()


def test_a_link_opens_a_cell(show: Show):
    """The fragment of an address is enough, and a row's link sets it."""
    report = made.report()
    opened = show(html(report, made.evidence(report)), "#cell=c0001")
    opened.tab.wait_for_selector("#cell table")
    assert "length · r1" in opened.text("#cell h2")
    assert opened.tab.evaluate("document.activeElement.id") == "cell-heading"
    assert "compare c0002 c0001" in opened.text("#cell pre.text >> nth=-1")
    opened.tab.locator("#ranking tbody a").first.click()
    opened.tab.wait_for_function("document.querySelector('#cell h2').textContent.includes('c0000')")
    assert opened.tab.url.endswith("#cell=c0000")
    opened.tab.locator("#cell summary").first.click()
    opened.tab.wait_for_selector("#cell .pair pre")
    opened.quiet()


def test_questions_are_sorted_by_difference_and_open_outputs(four: Opened):
    """From a benchmark to a question to the outputs of two cells, side by side."""
    four.near("#questions", "tbody tr")
    apart = [int(each.strip(" %")) for each in four.all("#questions tbody td:nth-child(5)")]
    assert apart == sorted(apart, reverse=True)
    four.tab.locator("#questions select").first.select_option("aime24")
    four.tab.locator("#questions button.open").first.click()
    four.tab.wait_for_selector("#outputs .side")
    sides = four.all("#outputs .side")
    assert len(sides) == 2
    for side in sides:
        assert "✓ right" in side
        assert "812 tokens" in side
        assert "cut at the token limit" in side
        assert "The answer is" in side
    assert "question=q" in four.tab.url
    four.quiet()


def test_outputs_that_are_left_out_are_said(show: Show, thousand: str):
    """What is not in the page can be read with a command, which stands there."""
    opened = show(thousand, "#benchmark=gpqa&question=q3/gpqa/0&a=c0500&b=c0900")
    opened.tab.wait_for_selector("#outputs .side")
    assert "python -m ot_grid compare c0500 c0900" in opened.text("#outputs .side:nth-child(2)")
    assert "are left out" in opened.text("footer")


def test_steps_say_what_they_dropped_and_why(four: Opened):
    """A step opens its reasons, with examples."""
    four.near("#steps", "button.open")
    four.tab.locator("#steps button.open").first.click()
    assert four.all("#step details summary")[0].startswith("rank … of … 40")
    assert "dropped 50" in four.text("#step")


def test_keys_are_enough(four: Opened):
    """Tab reaches the skip link first, then the headings in order; Enter sorts; a link opens a cell and takes focus."""
    press = four.tab.keyboard.press
    press("Tab")
    assert four.tab.evaluate("document.activeElement.className") == "skip"
    for _ in range(60):
        press("Tab")
        if four.tab.evaluate("document.activeElement.closest('thead') && document.activeElement.textContent") == "mean":
            break
    press("Enter")
    press("Enter")
    assert first_row(four) == "c0003"
    assert four.tab.evaluate("document.activeElement.textContent") == "mean"
    for _ in range(20):
        press("Tab")
        if four.tab.evaluate("document.activeElement.matches('#ranking tbody a')"):
            break
    press("Enter")
    four.tab.wait_for_selector("#cell:not([hidden])")
    assert four.tab.evaluate("document.activeElement.id") == "cell-heading"


def test_tables_are_tables_to_a_screen_reader(four: Opened):
    """Captions, scopes and names are there; every drawing has a name or is hidden; ids are unique."""
    for part in PARTS:
        four.near(f"#{part}", "svg, table")
    assert four.tab.evaluate(
        "[...document.querySelectorAll('table')].every(each => each.caption && each.caption.textContent)"
    )
    assert four.tab.evaluate("[...document.querySelectorAll('th')].every(each => ['row', 'col'].includes(each.scope))")
    named = "each => each.getAttribute('aria-hidden') || each.getAttribute('aria-label')"
    assert four.tab.evaluate(f"[...document.querySelectorAll('svg')].every({named})")
    assert four.tab.evaluate(
        "(ids => ids.length === new Set(ids).size)([...document.querySelectorAll('[id]')].map(each => each.id))"
    )
    assert four.tab.evaluate("[...document.querySelectorAll('input, select')].every(each => each.labels.length)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(show: Show, scheme: str):
    """Names, roles, contrast and order, with every part drawn, a cell and a question opened, in both schemes."""
    from axe_playwright_python.sync_playwright import Axe

    report = made.report()
    opened = show(html(report, made.evidence(report)), color_scheme=scheme)
    for part in PARTS:
        opened.near(f"#{part}", "svg, table")
    opened.tab.locator("#ranking tbody a").first.click()
    opened.tab.wait_for_selector("#cell:not([hidden]) table")
    opened.tab.locator("#questions button.open").first.click()
    opened.tab.wait_for_selector("#outputs .side")
    found = Axe().run(opened.tab).response["violations"]
    serious = {fault["id"]: fault["nodes"][0]["html"][:200] for fault in found if fault["impact"] in SERIOUS}
    assert serious == {}


def test_print_draws_everything(show: Show, thousand: str):
    """Before printing every part is drawn, and a table has all its rows."""
    opened = show(thousand)
    opened.tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert len(opened.all("#ranking .scroll.tall tbody tr")) == 1000
    assert opened.tab.locator("section.undrawn").count() == 0
    opened.tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert len(opened.all("#ranking .scroll.tall tbody tr:not(.gap)")) < 120


def test_a_report_without_evidence_has_its_numbers(show: Show, made: Made):
    """A real report of a made store, in whatever columns it has today, is shown without its store."""
    made.complete()
    opened = show(html(reports.build(made.store, None)))
    assert len(opened.all("#ranking .scroll.tall tbody tr")) == 4
    assert opened.tab.locator("#questions").count() == 0
    opened.quiet()


def test_an_unfinished_sweep_is_shown(show: Show, made: Made):
    """A sweep of which nothing is done has rows without a rank."""
    made.sweep()
    opened = show(html(reports.build(made.store, None)))
    assert opened.text("#ranking h2") == "No row is ranked yet"
    assert len(opened.all("#ranking tr.unranked")) == 4
    opened.quiet()


def test_models_as_they_are_have_a_part_of_their_own(show: Show):
    """With the difference to the reference drawn, and hostile names as text."""
    rows = {
        "baseline": ["Qwen/QwQ-32B", "<img src=x onerror=pwned=1>"], "cell": ["b0", "b1"], "mean": [61.5, None],
        "difference": [12.25, None], "diff_low": [9.0, None], "diff_high": [15.5, None], "p_adjusted": [0.001, None],
        "score:math500": [61.5, None], "cut": [1.0, None], "unextracted": [0.0, None],
        "verdict": ["resolved", ""], "status": ["complete", "partial"],
    }  # fmt: skip
    opened = show(html(made.report(beside=pd.DataFrame(rows))))
    opened.near("#baselines", "svg")
    assert opened.all("#baselines tbody tr th, #baselines tbody tr td:first-child")[:1] == ["Qwen/QwQ-32B"]
    assert "<img src=x onerror=pwned=1>" in opened.text("#baselines tbody")
    assert "+12.3" in opened.text("#baselines tbody")
    opened.quiet()
