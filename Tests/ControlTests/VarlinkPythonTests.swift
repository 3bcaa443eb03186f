import Control
import Domain
import Glibc
import Testing

/// Somebody else's client is the only proof that this is Varlink and not a dialect: PyPI's `varlink` reads the
/// interface file, checks every message against it and lists jobs. LONDI_TEST_PYTHON names a python that has it.
@Suite(.timeLimit(.minutes(5)), .enabled(if: getenv("LONDI_TEST_PYTHON") != nil)) struct `PyPI's varlink client` {
    private static let script = """
        import sys, varlink
        with varlink.Client.new_with_address("unix:" + sys.argv[1]) as client:
            info = client.get_interface("org.varlink.service")
            with client.open("io.londi") as londi:
                print([job["job"] for job in londi.ListJobs()["jobs"]])
                print([[job["job"] for job in reply["jobs"]] for reply in londi.ListJobs(_more=True, limit=5)])
                print(londi.ListQueues()["queues"][0]["settings"]["switcher"]["cost"])
                step = londi.ExplainJob(42)["steps"][0]
                print(step["decision"]["seed"], step["generated"]["text"].strip(), step["day"])
                try:
                    londi.ShowJob(43)
                except varlink.VarlinkError as error:
                    print(error.error(), error.parameters()["name"])

        """

    @Test func `lists jobs`() async throws {
        let python = String(cString: try #require(getenv("LONDI_TEST_PYTHON")))
        let directory = try makeDirectory()
        let output = "\(directory)/output"
        let status = try await withServer(StubDaemon().table) { path in
            try await ChildProgram([python, "-c", Self.script, path], output: output).end()
        }
        #expect(status == 0)
        #expect(
            try contents(of: output) == """
                [42]
                [[42], [43]]
                0.05
                18446744073709551615 4 2026-11-23
                io.londi.NotFound 43

                """)
    }
}
