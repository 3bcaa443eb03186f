"""DEEPTHINK on another host: by its URL with TLS and an API key, and by llama.cpp's RPC. The hosts are network namespaces."""

import os
import pathlib
import shutil
import subprocess
import time
import unittest

import londid as harness
from londid import Books, Londid, line
from two_hosts import FAR, Authority, TwoHosts

KEY = "sk-londi-0123456789abcdef"
STEP_TOKENS = 300


class TwoHostsTest(Books, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("network namespaces need root")
        for program in ("ip", "openssl", "stunnel"):
            if not shutil.which(program):
                raise unittest.SkipTest(f"{program} is not installed")
        try:
            cls.hosts = TwoHosts()
        except (OSError, subprocess.CalledProcessError) as error:
            raise unittest.SkipTest(f"network namespaces cannot be made here: {getattr(error, 'stderr', None) or error}")
        cls.addClassCleanup(cls.hosts.remove)

    def far(self, daemon, name, words):
        process = self.hosts.start(self.hosts.far, words, daemon.directory / f"{name}.log")
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return process

    def londid(self, deepthink, daemon=""):
        """A londid on the near host, not started yet."""
        londid = Londid()
        self.addCleanup(londid.remove)
        londid.starter = ["ip", "netns", "exec", self.hosts.near]
        londid.configuration.write_text(
            londid.default_configuration(daemon=daemon).partition("[Deepthink]")[0] + f"[Deepthink]\nContext=2048\nSlots=2\n{deepthink}")
        return londid

    def story(self, daemon, count=2):
        """Jobs that DEEPTHINK alone writes, in long steps."""
        daemon.ctl(
            "queue", "create", "q", "--switcher", "always-deepthink", "--max-steps", "4", "--step-tokens", STEP_TOKENS,
            "--deepthink-calls", "40/day", "--deepthink-tokens", "100000/day")
        return daemon.submit([line(f"p{n}", f"Tell me a very long story about {n + 2} sheep.") for n in range(count)])

    def all_steps(self, daemon, batch):
        return [step for steps in self.steps(daemon, batch).values() for step in steps]

    def wait_until_it_writes(self, daemon, batch):
        daemon.wait_for(
            lambda: any(step["state"] == "running" for step in self.all_steps(daemon, batch)), 60, "a step is being written")
        time.sleep(0.3)

    def cut(self):
        self.hosts.is_cut = True
        self.addCleanup(setattr, self.hosts, "is_cut", False)

    def check_ledger(self, daemon, batch):
        """What was spent is what the steps say, entry by entry, and nothing is reserved any more."""
        charged = []
        for step in self.all_steps(daemon, batch):
            used = step.get("generated")
            charged.append(used["promptTokens"] + used["generatedTokens"] if used else step["reserved"]["tokens"])
        (budget,) = daemon.json("budget", "show", "q")["budgets"]
        self.assertEqual(budget["spent"]["tokens"], sum(charged))
        self.assertEqual(budget["spent"]["calls"], len(charged))
        self.assertEqual(budget["reserved"]["tokens"], 0)

    def fault(self, daemon):
        (engine,) = [engine for engine in daemon.json("status")["engines"] if engine["role"] == "deepthink"]
        return engine.get("fault") or ""


class ByUrl(TwoHostsTest):
    """llama-server behind stunnel, which gives it TLS as a load balancer would."""

    def serve(self, daemon, certificate, name="https", port=8443):
        key = daemon.directory / "server.key"
        key.write_text(KEY + "\n")
        if name == "https":
            self.far(daemon, "llama-server", [
                harness.SERVER, "--model", harness.MODEL, "--ctx-size", "4096", "--parallel", "2", "--no-kv-unified", "--threads", "1",
                "--metrics", "--host", "127.0.0.1", "--port", "8081", "--api-key-file", key])
        configuration = daemon.directory / f"{name}.conf"
        configuration.write_text(
            f"foreground = yes\npid =\nsslVersionMin = TLSv1.2\n[{name}]\naccept = {FAR}:{port}\nconnect = 127.0.0.1:8081\ncert = {certificate}\n")
        return self.far(daemon, name, ["stunnel", configuration])

    def key(self, daemon, text=KEY, mode=0o600):
        path = daemon.directory / "deepthink.key"
        path.write_text(text + "\n")
        path.chmod(mode)
        return path

    def address(self, authority, daemon, port=8443, more=""):
        return f"Url=https://{FAR}:{port}\nCaFile={authority.certificate}\nApiKeyFile={daemon.directory}/deepthink.key\n{more}"

    def start(self, authority, certificate, more="", daemon=""):
        londid = self.londid("", daemon)
        self.key(londid)
        with open(londid.configuration, "a") as file:
            file.write(self.address(authority, londid, more=more))
        self.serve(londid, certificate)
        londid.start()
        # The token by which a role shows that it is ready is no job's.
        self.before_jobs = self.counted_by_the_server()
        return londid

    def counted_by_the_server(self):
        """The tokens that llama-server says it evaluated and generated."""
        text = subprocess.run(
            ["ip", "netns", "exec", self.hosts.far, "curl", "-s", "-H", f"Authorization: Bearer {KEY}", "http://127.0.0.1:8081/metrics"],
            capture_output=True, text=True, check=True).stdout
        values = dict(line.split(" ") for line in text.splitlines() if line and not line.startswith("#"))
        return int(float(values["llamacpp:prompt_tokens_total"]) + float(values["llamacpp:tokens_predicted_total"]))

    def test_jobs_are_written_on_the_other_host_and_the_key_is_nowhere_to_be_seen(self):
        authority = Authority()
        daemon = self.start(authority, authority.sign("far", f"IP:{FAR}"), daemon="LogLevel=debug")
        batch = self.story(daemon)
        self.wait_until_it_writes(daemon, batch)
        processes = [daemon.process.pid, *daemon.engines()]
        for pid in processes:
            for file in ("cmdline", "environ"):
                self.assertNotIn(KEY.encode(), pathlib.Path(f"/proc/{pid}/{file}").read_bytes())
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
        self.check_complete(daemon, batch, 2)
        self.check_ledger(daemon, batch)
        (budget,) = daemon.json("budget", "show", "q")["budgets"]
        self.assertEqual(budget["spent"]["tokens"], self.counted_by_the_server() - self.before_jobs)
        # The command line names the file alone, and so does everything that londid says.
        said = daemon.log.read_text() + daemon.ctl("status").stdout + daemon.ctl("status", "--json").stdout + daemon.ctl("metrics").stdout
        self.assertNotIn(KEY, said)
        self.assertEqual(daemon.stop(), 0)
        state = b"".join(path.read_bytes() for path in (daemon.directory / "state").rglob("*") if path.is_file())
        self.assertNotIn(KEY.encode(), state)

    def test_a_wrong_key_or_certificate_is_refused_by_name(self):
        authority, stranger = Authority(), Authority("Somebody")
        daemon = self.londid("")
        self.serve(daemon, authority.sign("far", f"IP:{FAR}"))
        self.serve(daemon, authority.sign("old", f"IP:{FAR}", end="20200201000000Z"), "expired", 8444)
        self.serve(daemon, authority.sign("other", "DNS:other.example.org"), "other", 8445)
        near = daemon.default_configuration().partition("[Deepthink]")[0] + "[Deepthink]\nContext=2048\nSlots=2\n"
        unsigned = self.address(stranger, daemon)
        for address, key, mode, messages in [
            (self.address(authority, daemon), "sk-wrong", 0o600, ["refuses the API key", "Invalid API Key"]),
            (self.address(authority, daemon).replace("ApiKeyFile", "#"), KEY, 0o600, ["wants an API key", "ApiKeyFile="]),
            (self.address(authority, daemon), KEY, 0o644, ["cannot be read", "everybody may read it"]),
            (self.address(authority, daemon), "", 0o600, ["cannot be read", "it is empty"]),
            (unsigned, KEY, 0o600, ["certificate is refused", "unable to get local issuer certificate", "CaFile="]),
            (self.address(authority, daemon).replace("CaFile", "#"), KEY, 0o600, ["certificate is refused"]),
            (self.address(authority, daemon, 8444), KEY, 0o600, ["certificate is refused", "certificate has expired"]),
            (self.address(authority, daemon, 8445), KEY, 0o600, ["certificate is refused", f"no alternative certificate subject name matches target host name '{FAR}'"]),
            (self.address(authority, daemon, 8446), KEY, 0o600, ["is unavailable", f"Failed to connect to {FAR} port 8446"]),
        ]:
            with self.subTest(messages[-1]):
                self.key(daemon, key, mode)
                if daemon.process:
                    daemon.stop()
                daemon.configuration.write_text(near + address)
                daemon.start(wait=False)
                daemon.wait_for(lambda: daemon.ctl("status", check=False).returncode == 0, 30, "it answers")
                daemon.wait_for(
                    lambda: all(message in self.fault(daemon) for message in messages), 60, f"status says {messages}")
                self.assertNotIn(key or KEY, daemon.ctl("status").stdout + daemon.log.read_text())

    def test_a_link_that_is_cut_in_mid_job_costs_what_was_reserved_and_no_answer(self):
        authority = Authority()
        daemon = self.start(authority, authority.sign("far", f"IP:{FAR}"), more="StallSeconds=3\n")
        batch = self.story(daemon)
        self.wait_until_it_writes(daemon, batch)
        self.cut()
        daemon.wait_for(
            lambda: any(step["state"] == "abandoned" for step in self.all_steps(daemon, batch)), 30, "the step is given up")
        self.hosts.is_cut = False
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
        self.check_complete(daemon, batch, 2)
        self.check_ledger(daemon, batch)
        # Nobody knows how far the other host came with them, so they cost all that they could.
        lost = [step for step in self.all_steps(daemon, batch) if step["state"] == "abandoned"]
        for step in lost:
            self.assertNotIn("generated", step)
        (budget,) = daemon.json("budget", "show", "q")["budgets"]
        self.assertGreaterEqual(budget["spent"]["tokens"], self.counted_by_the_server() - self.before_jobs)
        self.assertEqual(daemon.stop(), 0)

    def test_a_link_that_is_back_before_it_counts_as_cut_costs_nothing(self):
        authority = Authority()
        daemon = self.start(authority, authority.sign("far", f"IP:{FAR}"), more="StallSeconds=30\n")
        batch = self.story(daemon, count=1)
        self.wait_until_it_writes(daemon, batch)
        self.cut()
        time.sleep(2)
        self.hosts.is_cut = False
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
        self.check_complete(daemon, batch, 1)
        self.check_ledger(daemon, batch)
        self.assertEqual({step["state"] for step in self.all_steps(daemon, batch)}, {"written"})
        (budget,) = daemon.json("budget", "show", "q")["budgets"]
        self.assertEqual(budget["spent"]["tokens"], self.counted_by_the_server() - self.before_jobs)
        self.assertEqual(daemon.stop(), 0)


class ByRpc(TwoHostsTest):
    """A llama-server of londid's own whose layers are on the other host."""

    def rpc_server(self):
        program = pathlib.Path(harness.SERVER).resolve().parent / "ggml-rpc-server"
        if not program.exists():
            self.skipTest(f"{program} is not there: llama.cpp was built without GGML_RPC")
        return program

    def test_jobs_are_written_over_both_hosts_and_survive_a_link_that_is_cut(self):
        program = self.rpc_server()
        daemon = self.londid(f"Model={harness.MODEL}\nThreads=1\nRpcServers={FAR}:50052\nStallSeconds=3\n")
        daemon.start(wait=False)
        daemon.wait_for(lambda: daemon.ctl("status", check=False).returncode == 0, 30, "it answers")
        message = f"does not come to its RPC servers (Failed to connect to {FAR}:50052)"
        daemon.wait_for(lambda: message in self.fault(daemon), 30, f"status says '{message}', not '{self.fault(daemon)}'")
        # As a service that is restarted: a ggml-rpc-server may be ended by SIGPIPE when its client goes away during an answer.
        again = 'while :; do setpriv --pdeathsig KILL "$@"; sleep 0.5; done'
        self.far(daemon, "ggml-rpc-server", ["sh", "-c", again, "sh", program, "--host", FAR, "--port", "50052", "--threads", "1"])
        daemon.wait_ready(90)
        (engine,) = [engine for engine in daemon.json("status")["engines"] if engine["role"] == "deepthink"]
        self.assertIn(f"{FAR}:50052", engine["device"])
        batch = self.story(daemon)
        self.wait_until_it_writes(daemon, batch)
        self.cut()
        daemon.wait_for(
            lambda: any(step["state"] == "abandoned" for step in self.all_steps(daemon, batch)), 60, "the step is given up")
        self.hosts.is_cut = False
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
        self.check_complete(daemon, batch, 2)
        self.check_ledger(daemon, batch)
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
