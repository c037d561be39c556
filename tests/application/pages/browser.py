"""Open a page in a real browser and report what a reader sees."""

from __future__ import annotations

import html
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.plugin.tiers import browser

# Runs inside the page and finds what is visible, how wide it is, which texts have too little contrast, what it tried to load.
PROBE = """
<script>
addEventListener("load", function () {
  function colour(text) { return text.match(/[0-9.]+/g).map(Number); }
  function light(rgb) {
    var parts = rgb.slice(0, 3).map(function (v) { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); });
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  }
  function ground(node) {
    for (; node; node = node.parentElement) {
      var style = getComputedStyle(node), stops = style.backgroundImage.match(/rgba?\\([^)]*\\)/g);
      if (stops) return stops.map(colour).sort(function (a, b) { return light(b) - light(a); })[0];
      var rgb = colour(style.backgroundColor);
      if (rgb.length === 3 || rgb[3] === 1) return rgb;
    }
    return [255, 255, 255];
  }
  function faint() {
    var found = [];
    document.querySelectorAll("body *").forEach(function (node) {
      var own = Array.prototype.some.call(node.childNodes, function (c) { return c.nodeType === 3 && c.textContent.trim(); });
      if (!own || !node.getClientRects().length || node.closest(".skip, script, style, svg")) return;
      var one = light(colour(getComputedStyle(node).color)), other = light(ground(node));
      var contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      if (contrast < 4.5) found.push(node.textContent.trim().slice(0, 40) + " " + contrast.toFixed(2));
    });
    return found;
  }
  var root = document.documentElement, first = root.lang, text = document.body.innerText;
  var told = {lang: first, text: text, width: root.scrollWidth, window: innerWidth, faint: faint(),
              loaded: performance.getEntriesByType("resource").map(function (one) { return one.name; })};
  document.getElementById("language").click();
  told.other = {lang: root.lang, text: document.body.innerText};
  parent.postMessage(JSON.stringify(told), "*");
});
</script>
"""
FRAME = """<!doctype html><body>
<iframe src="page.html{address}" style="width:{width}px;height:900px;border:0"></iframe>
<pre id="told"></pre>
<script>addEventListener("message", function (event) {{ document.getElementById("told").textContent = event.data; }});</script>"""


@dataclass(frozen=True)
class Seen:
    """A page as a reader sees it, and after a click on the language button (`other_…`)."""

    lang: str
    text: str
    width: int
    window: int
    faint: list[str]
    loaded: list[str]
    other_lang: str
    other_text: str


def see(page: Path, folder: Path, width: int, address: str = "", act: str = "") -> Seen:
    """Return what Chromium shows of a page in a window of that width, after a reader's act (a script); a copy is opened from `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    acted = f'<script>addEventListener("load", function () {{ {act} }});</script>'
    (folder / "page.html").write_text(page.read_text("utf-8").replace("</body>", acted + PROBE + "</body>"), "utf-8")
    (folder / "frame.html").write_text(FRAME.format(address=address, width=width), "utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--virtual-time-budget=8000"]
    command = [str(browser()), *flags, f"--user-data-dir={folder / 'profile'}", "--window-size=1400,1000", "--dump-dom"]
    done = subprocess.run([*command, (folder / "frame.html").as_uri()], capture_output=True, text=True, timeout=90, check=True)
    told = re.search(r'<pre id="told">(.+?)</pre>', done.stdout, re.DOTALL)
    assert told, f"the page said nothing: {done.stderr[-2000:]}"
    found = json.loads(html.unescape(told[1]))
    other = found.pop("other")
    return Seen(**found, other_lang=other["lang"], other_text=other["text"])
