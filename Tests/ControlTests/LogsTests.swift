import Domain
import Testing

@testable import londictl

/// What `logs` asks the journal for.
@Suite struct `The journal` {
    @Test func `is asked for the unit of the londid that londictl talks to`() {
        #expect(
            Command.journalWords(ofSystem: true, job: nil, lines: 5, isFollowing: true)
                == ["journalctl", "--unit=londid", "--lines=5", "--follow"])
        #expect(
            Command.journalWords(ofSystem: false, job: JobID(42), lines: 100, isFollowing: false)
                == ["journalctl", "--user", "--unit=londid", "--lines=100", "LONDI_JOB_ID=42"])
    }
}
