"""The pictures of docs/, from what the commands say today: `make pictures`.

The terminal is drawn by rich, the page by the machine's Chromium. A picture that nobody can make again goes stale.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

DOCS = Path(__file__).parents[1] / "docs"
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser")
COMMAND = ["-m", "ot_grid", "demo", "--to"]
COLUMNS = 100


def terminal(text: str, title: str) -> str:
    """Return an SVG of what a terminal of 100 columns shows; headings stand out."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor")
    for line in text.splitlines():
        heading = line.partition(":")[0]
        console.print(Text(line, style="bold" if heading.isupper() else ""))
    return console.export_svg(title=title, theme=DIMMED_MONOKAI, unique_id="demo")


def page(path: Path, to: Path) -> None:
    """Write a picture of the top of a page."""
    from playwright.sync_api import sync_playwright

    found = next((name for name in CHROMIUM if Path(name).exists()), None)
    if found is None:
        sys.exit("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 1180, "height": 900})
        tab.goto(path.as_uri())
        tab.wait_for_selector("#ranking tbody tr")
        tab.locator("#ranking").scroll_into_view_if_needed()
        tab.evaluate("document.querySelector('#ranking').scrollIntoView()")
        tab.screenshot(path=str(to))
        browser.close()


def main() -> None:
    """Draw both pictures."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, *COMMAND, folder], capture_output=True, text=True, check=True)
        (DOCS / "demo.svg").write_text(terminal(done.stdout, "python -m ot_grid demo"), encoding="utf-8")
        page(Path(folder) / "report.html", DOCS / "page.png")
    for name in ("demo.svg", "page.png"):
        print(DOCS / name, f"{(DOCS / name).stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
