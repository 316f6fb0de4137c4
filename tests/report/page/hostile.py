"""What strangers' models write: text that would run, break or turn a page around."""

from __future__ import annotations

import unicodedata
from itertools import count

BOXES = 2000  # unseen signs of one text that get an element of their own

SCRIPTS = (
    "<script>window.pwned=1;alert(1)</script>",
    "</script><script>window.pwned=1;alert(2)</script>",
    "</SCRIPT ><svg/onload=window.pwned=1>",
    "<!-- <script> --!><script>window.pwned=1</script>",
    "<!--<script>",
    "]]><script>window.pwned=1</script><![CDATA[",
    "<img src=x onerror=window.pwned=1>",
    "<img src='https://example.invalid/x.png'>",
    "<body onload=window.pwned=1>",
    '" onmouseover="window.pwned=1" x="',
    "' autofocus onfocus='window.pwned=1",
    "<a href='javascript:window.pwned=1'>click</a>",
    "javascript:window.pwned=1",
    "data:text/html,<script>window.pwned=1</script>",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "<style>*{display:none}</style>",
    "</style><script>window.pwned=1</script>",
    "<base href='https://example.invalid/'>",
    "<meta http-equiv=refresh content='0;url=https://example.invalid/'>",
    "<form action=https://example.invalid><input autofocus></form>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>",
    "<template><script>window.pwned=1</script></template>",
    "&lt;script&gt;window.pwned=1&lt;/script&gt; &#60;b&#62; &amp;amp; &nbsp;",
    "${window.pwned=1} {{constructor.constructor('window.pwned=1')()}} <%= 1 %> #{1}",
    "\\u003cscript\\u003ewindow.pwned=1\\u003c/script\\u003e",
    "x{background:url(https://example.invalid/x.png)} @import 'https://example.invalid/x.css';",
    "';}*/ expression(window.pwned=1) <div style='background:url(https://example.invalid/y.png)'>",
    "$data $script ${style} $$ %s %(x)s {0} {n!r}",
    '"}]};window.pwned=1;//',
    "\\",
    '\\"; window.pwned=1; "',
    "--></script><script>window.pwned=1</script>",
    "#cell=c0000&benchmark=<script>window.pwned=1</script>",
    "url('javascript:window.pwned=1')",
    "<link rel=stylesheet href=https://example.invalid/z.css><object data=https://example.invalid/></object>",
    "__proto__",
    "constructor",
)
SIGNS = (
    "line\u2028separator\u2029paragraph",
    "right to left \u202egnp.exe\u202c and \u2067isolated\u2069 and \u200fmark",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 (1 + 2) = 3",
    "nul \x00 bell \x07 escape \x1b[31mred\x1b[0m backspace \x08",
    "broken UTF-8 \ufffd\ufffd and zero\u200bwidth\u00adsoft \ufeff",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324" * 40,
    "\U000e0041\U000e0042 tags and \U0001f468\u200d\U0001f469\u200d\U0001f467",
)
SURROGATES = ("lone \ud800 and \udcff surrogates", "\udfff\ud83d")
LONG = ("<script>window.pwned=1</script>" + "x" * 1_000_000, "\u202e" * 50_000, "word " * 200_000, "\n" * 100_000)
NAMES = SCRIPTS + SIGNS  # that a file of YAML or a frame can hold
CORPUS = NAMES + SURROGATES + LONG


def visible(text: str) -> str:
    """Return a text as the page must show it: what has no shape, or turns text around, by its number."""
    named = count(1)
    return "".join(sign if sign in "\n\t" or not _unseen(sign) else _name(sign, next(named)) for sign in text)


def _name(sign: str, place: int) -> str:
    """Return a sign's number: in a box of its own, or between brackets where there are very many."""
    return f"U+{ord(sign):04X}" if place <= BOXES else f"⟨U+{ord(sign):04X}⟩"


def _unseen(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs") or sign in "\u2028\u2029"
