import Domain
import Glibc
import Testing

@testable import Daemon

/// Entries in the journal carry what programs look for, and never a second entry within their text.
@Suite(.timeLimit(.minutes(5))) struct Journals {
    @Test func `one line is a pair, several are counted`() {
        let bytes = Journal.datagram([("MESSAGE", "a=b"), ("TEXT", "x\ny"), ("EMPTY", "")])
        #expect(bytes == Array("MESSAGE=a=b\nTEXT\n".utf8) + [3, 0, 0, 0, 0, 0, 0, 0] + Array("x\ny\nEMPTY=\n".utf8))
    }

    @Test func `an entry has its priority, its event and what it is about`() async throws {
        let state = try TemporaryState()
        let socket = try StatusSocket(path: "\(state.directory)/journal")
        let journal = Journal(path: socket.path)
        #expect(journal != nil)
        let log = Log(threshold: .info, journal: journal)
        let queue = try QueueName("maths")
        log.about(job: JobID(7), queue: queue).debug("not for this level")
        log.about(job: JobID(7), queue: queue).about(role: .quick).tell(.engineAway, .error, "it is away")
        let entry = await socket.message("MESSAGE=")
        #expect(
            entry == "MESSAGE=it is away\nPRIORITY=3\nSYSLOG_IDENTIFIER=londid\n"
                + "MESSAGE_ID=\(LogEvent.engineAway.rawValue)\nLONDI_JOB_ID=7\nLONDI_QUEUE=maths\nLONDI_ROLE=quick\n")
    }

    /// CR LF is one Character: what a server or program says must not begin an entry of a priority of its choice.
    @Test func `each line of a message has londid's own priority`() {
        let text = Log.lines(of: "it said: a\r\n<0>b\n\n<1>c\r<2>d", prefix: "<4>")
        #expect(text == "<4>it said: a\n<4><0>b\n<4><1>c\n<4><2>d\n")
    }

    @Test func `stderr is the journal's only where JOURNAL_STREAM names it`() {
        #expect(!Journal.readsStandardError([:]))
        #expect(!Journal.readsStandardError(["JOURNAL_STREAM": "1:1"]))
        var status = stat()
        fstat(2, &status)
        #expect(Journal.readsStandardError(["JOURNAL_STREAM": "\(status.st_dev):\(status.st_ino)"]))
    }

    @Test func `the ids of events are 128 bits each and differ`() {
        let ids = LogEvent.allCases.map(\.rawValue)
        #expect(Set(ids).count == ids.count)
        for id in ids { #expect(id.utf8.count == 32 && id.allSatisfy { $0.isHexDigit && !$0.isUppercase }, "\(id)") }
    }
}
