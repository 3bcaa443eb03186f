"""The manual pages and completions as systemd/install.sh lays them down: read without a complaint, found where shells look."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

import londid as harness

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = ["man1/londictl.1", "man5/londid.conf.5", "man8/londid.8"]


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.root)
        subprocess.run(
            [REPOSITORY / "systemd/install.sh", "--root", cls.root, "--prefix", "/usr", "--binaries", harness.BIN],
            check=True)
        cls.share = cls.root / "usr/share"

    def test_man_and_mandoc_have_no_complaint(self):
        for page in PAGES:
            for words in [["mandoc", "-T", "lint"], ["man", "--warnings", "-l"]]:
                done = subprocess.run([*words, self.share / "man" / page], capture_output=True, text=True)
                # mandoc writes its complaints to stdout, and then ends with more than 0.
                self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout[:2000])

    def test_they_say_what_they_are_about(self):
        def shown(page):
            words = ["mandoc", "-T", "utf8", "-O", "width=400", self.share / "man" / page]
            text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
            # A bold letter is the letter over itself.
            return "".join(mark for index, mark in enumerate(text) if mark != "\b" and text[index + 1:index + 2] != "\b")

        self.assertIn("londictl submit", shown(PAGES[0]))
        self.assertIn("DrainSeconds=30\n", shown(PAGES[1]))
        self.assertIn("A second SIGTERM cuts them off at once.", shown(PAGES[1]))
        self.assertIn("--check-backup FILE\n", shown(PAGES[2]))

    def test_bash_finds_its_completions_by_itself(self):
        script = self.share / "bash-completion/completions/londictl"
        done = subprocess.run(
            ["bash", "-c", f'source "{script}"; complete -p londictl'], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "complete -F _londictl londictl\n")

    def test_zsh_and_fish_do_too(self):
        script = f"fpath=({self.share}/zsh/vendor-completions $fpath); autoload -U compinit; compinit -u -D; print $_comps[londictl]"
        done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "_londictl\n")
        done = subprocess.run(
            ["fish", "-c", "complete -C 'londictl queue pau'"], capture_output=True, text=True, check=True,
            env={"PATH": f"{harness.BIN}:/usr/bin:/bin", "XDG_DATA_DIRS": str(self.share), "HOME": str(self.root)})
        self.assertEqual([line.split("\t")[0] for line in done.stdout.splitlines()], ["pause"])


if __name__ == "__main__":
    unittest.main()
