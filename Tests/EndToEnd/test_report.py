"""The report in a real browser, on a phone, a desktop, in the dark and on paper: it stands alone and asks nobody for anything.

LONDI_TEST_CHROMIUM names chromium; LONDI_TEST_PICTURES a directory that keeps the pictures, for people to look at."""

import html.parser
import json
import os
import pathlib
import re
import subprocess
import unittest

from londid import Londid, line

CHROMIUM = os.environ["LONDI_TEST_CHROMIUM"]


class Outline(html.parser.HTMLParser):
    """What a screen reader goes by."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.labels, self.pictures, self.titled, self.levels, self.external = [], [], 0, 0, [], []
        self.tags = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.add(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        self.labels += attributes.get("aria-describedby", "").split()
        if tag == "svg":
            self.pictures += 1
            self.titled += attributes.get("role") == "img" and bool(attributes.get("aria-label"))
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        self.external += [value for name, value in attributes.items() if name in ("src", "href", "xlink:href")]


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.londid = Londid().start()
        cls.addClassCleanup(cls.londid.remove)
        for queue, calls in [("maths", 40), ("rooms", 9)]:
            cls.londid.ctl("queue", "create", queue, "--deepthink-calls", f"{calls}/day", "--max-steps", "2", "--step-tokens", "12")
        verifier = {"type": "regex", "pattern": "[aeiou]"}
        # Beside U+0600 or U+0301 a mark is another Character to Swift, and the same mark to every browser.
        hostile = "\u0600<form action='//example.org'\u0600><\u0301base href='//example.org'>\u0600<script\u0600>"
        lines = [
            line(f"p{n}{hostile}", f"<b>Spell</b> the word 'number {n}' & stop. {hostile}", verifier=verifier)
            for n in range(24)]
        batches = [cls.londid.submit(lines, "maths"), cls.londid.submit(lines[:6], "rooms")]
        cancelled = cls.londid.submit(lines[:2], "rooms", "--allow-duplicate")
        cls.londid.ctl("cancel", cancelled)
        for batch in batches:
            cls.londid.ctl("wait", batch)
        cls.file = cls.londid.directory / "report.html"
        cls.messages = cls.londid.ctl("report", "--since", "7d", "-o", cls.file).stderr
        cls.text = cls.file.read_text()
        cls.pictures = pathlib.Path(os.environ.get("LONDI_TEST_PICTURES", cls.londid.directory))

    def browse(self, *options):
        """Opens the report; returns what the browser complained about and which addresses it asked for."""
        log = self.londid.directory / "net.json"
        done = subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
             "--disable-component-update", "--disable-background-networking", "--no-first-run", f"--log-net-log={log}",
             f"--user-data-dir={self.londid.directory}/browser", *options, self.file.as_uri()],
            capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        page = json.loads(log.read_text())
        asked = {event["params"]["url"] for event in page["events"] if "url" in event.get("params", {})}
        return re.findall(r".*CONSOLE.*", done.stderr), {address for address in asked if self.is_from_page(address)}

    @staticmethod
    def is_from_page(address):
        # The browser's own services ask for their own things.
        return not re.match(r"https?://[a-z0-9.-]*(google|gvt1|googleapis)\.com/", address)

    def test_it_is_seen_at_every_size_without_a_complaint_or_a_request(self):
        for name, options in {
            "phone": ["--window-size=390,6000"], "desktop": ["--window-size=1280,3000"],
            "dark": ["--window-size=1280,3000", "--blink-settings=preferredColorScheme=0"],
        }.items():
            with self.subTest(name):
                picture = self.pictures / f"report-{name}.png"
                complaints, asked = self.browse(f"--screenshot={picture}", *options)
                self.assertEqual(complaints, [])
                self.assertLessEqual(asked, {self.file.as_uri()})
                self.assertGreater(picture.stat().st_size, 20_000)
        paper = self.pictures / "report.pdf"
        complaints, _ = self.browse(f"--print-to-pdf={paper}")
        self.assertEqual(complaints, [])
        self.assertGreater(paper.stat().st_size, 20_000)

    def test_it_is_valid(self):
        checked = subprocess.run(["tidy", "-quiet", "-errors", "--show-info", "no", "--drop-empty-elements", "no", self.file], capture_output=True, text=True)
        self.assertEqual(checked.stderr, "")
        self.assertEqual(checked.returncode, 0)

    def test_a_screen_reader_finds_its_way(self):
        outline = Outline(self.text)
        self.assertEqual(len(outline.ids), len(set(outline.ids)), "an id comes twice")
        self.assertLessEqual(set(outline.labels), set(outline.ids))
        self.assertGreaterEqual(outline.pictures, 5)
        self.assertEqual(outline.pictures, outline.titled)
        self.assertEqual(outline.levels[0], 1)
        self.assertEqual(outline.levels.count(1), 1)
        for before, after in zip(outline.levels, outline.levels[1:]):
            self.assertLessEqual(after, before + 1, "a heading's level is left out")
        self.assertEqual(outline.external, [])
        self.assertRegex(self.text, '<html lang="en">')

    def test_no_tag_is_a_prompts_own(self):
        outline = Outline(self.text)
        self.assertLessEqual({"html", "pre", "table"}, outline.tags)
        self.assertEqual(outline.tags & {"b", "form", "base", "script"}, set())
        self.assertIn("\u0600&lt;form", self.text)

    def test_it_shows_what_the_books_say(self):
        total = self.londid.json("spend", "-S", "7d")["total"]
        self.assertIn(f"<span>DEEPTHINK calls</span> <strong>{total['deepthink']['calls']}</strong>", self.text)
        ended = self.londid.json("list")["jobs"]
        self.assertIn(f"<span>Jobs ended</span> <strong>{len(ended)}</strong>", self.text)
        books = self.londid.json("audit", "verify")
        self.assertIn(books["lastHash"], self.text)
        self.assertIn("agree", self.text)
        dearest = max(ended, key=lambda job: job["deepthinkSpend"]["gpuMilliseconds"])
        self.assertIn(f"<summary>The steps of job {dearest['job']}</summary>", self.text)
        self.assertIn("&lt;b&gt;Spell&lt;/b&gt;", self.text)
        self.assertNotIn("<b>Spell", self.text)
        self.assertRegex(self.messages, r"report\.html: \d+ bytes; open it in any browser\n$")

    def test_a_report_that_cannot_be_made_leaves_no_file(self):
        nowhere = self.londid.ctl("report", "-q", "nowhere", "-o", self.londid.directory / "x.html", check=False)
        self.assertEqual(nowhere.returncode, 3)
        self.assertEqual(list(self.londid.directory.glob("x.html*")), [])
        self.assertEqual(self.londid.ctl("report", check=False).returncode, 64)


if __name__ == "__main__":
    unittest.main()
