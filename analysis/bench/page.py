"""How fast the page of a report is: written, on the screen, sorted, searched; for sweeps of 8, 125 and 1,000 cells.

python analysis/bench/page.py [--stores FOLDER]

The stores are made (`made_sweep`), kept in FOLDER and used again. They hold no texts, so each page is measured once
more, filled up to the size at which outputs are left out. It needs playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import base64
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from made_sweep import make  # beside this file

from ot_grid.report.build import Asked, Report, build
from ot_grid.report.page import Limits, collect, html

CHOICES = (2, 5, 10)  # of each of three factors
LOADS = 5
CHROMIUM = "/usr/bin/chromium"
# Tells when there is a first paint, and when the first row of the ranking is painted; a page's policy forbids polling.
WATCH = """
window.painted = new Promise((resolve) => {
  const told = (ranked) => {
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    paint ? resolve([paint.startTime, ranked]) : setTimeout(told, 5, ranked);
  };
  new MutationObserver((_, watcher) => {
    if (!document.querySelector("#ranking tbody tr")) return;
    watcher.disconnect();
    requestAnimationFrame(() => setTimeout(() => told(performance.now())));
  }).observe(document, { childList: true, subtree: true });
});
"""
DONE = "requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - started)))"
SORT = "document.querySelectorAll('#ranking thead button')[3].click()"
SEARCH = (
    "const box = document.getElementById('search'); box.value = 'filter1'; box.dispatchEvent(new InputEvent('input'))"
)


def timed(action: str) -> str:
    """Return JavaScript that does something and tells the milliseconds until it is painted."""
    return f"new Promise((resolve) => {{ const started = performance.now(); {action}; {DONE}; }})"


def loaded(browser: Any, path: Path) -> list[float]:
    """Return milliseconds to the first paint, to the ranking, of a sort and of a search, in a fresh tab."""
    tab = browser.new_page(viewport={"width": 1300, "height": 950})
    tab.add_init_script(WATCH)
    tab.goto(path.as_uri())
    found = [*tab.evaluate("window.painted"), tab.evaluate(timed(SORT)), tab.evaluate(timed(SEARCH))]
    tab.close()
    return [float(each) for each in found]


def full(report: Report) -> str:
    """Return the page with as much evidence as it may have: what there is, and bytes in place of outputs."""
    assert report.behind is not None
    found = collect(report.behind.store, report.behind.results, report)
    lacking = Limits().size - sum(map(len, found.blobs.values()))
    filler = base64.b64encode(Random(7).randbytes(max(0, lacking * 3 // 4))).decode("ascii")
    return html(report, replace(found, blobs={**found.blobs, "filler": filler}))


def measure(browser: Any, folder: Path, choices: int) -> None:
    """Print two lines for a sweep: its page as it is, and a full one."""
    report = build(make(folder / str(choices), choices), None, Asked(draws=1000))
    started = time.perf_counter()
    plain = report.to_html()
    took = time.perf_counter() - started
    for name, page in zip(("as it is", "full"), (plain, full(report)), strict=True):
        path = folder / f"report-{choices}.html"
        path.write_text(page, encoding="utf-8")
        paint, ranked, sort, search = (median(each) for each in zip(*_loads(browser, path), strict=True))
        print(
            f"{len(report.table):>6,} cells, {name:<8}: {len(page) / 1e6:5.1f} MB, first paint {paint:4.0f} ms, "
            f"ranking {ranked:4.0f} ms, sort {sort:3.0f} ms, search {search:3.0f} ms; to_html {took:.1f} s",
            flush=True,
        )


def _loads(browser: Any, path: Path) -> list[list[float]]:
    return [loaded(browser, path) for _ in range(LOADS)]


def main() -> None:
    """Print two lines a size."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stores", type=Path, help="where the made stores are kept (default: for this run only)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for choices in CHOICES:
            measure(browser, args.stores or Path(passing), choices)
        browser.close()


if __name__ == "__main__":
    main()
