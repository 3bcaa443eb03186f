import Control
import Domain
import Glibc

/// The londid of this machine as far as it can be found without asking it: its program, its configuration and its socket.
struct LocalService {
    private let environment: [String: String]
    /// The system's, by its unit; else the user's own.
    let isSystem: Bool

    private static let unitDirectories = ["/etc/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"]

    /// - Parameter isUserMode: root's own londid is meant, although there is a unit.
    init(_ environment: [String: String], isUserMode: Bool) {
        self.environment = environment
        isSystem = !isUserMode && geteuid() == 0 && Self.hasUnit("system") && access("/run/systemd/system", F_OK) == 0
    }

    /// What londid is told beside its task.
    var modeArguments: [String] { isSystem ? [] : ["--user"] }

    /// - Throws: `.usage` where the environment names no home.
    func configurationPath() throws(CommandError) -> String {
        if isSystem { return "/etc/londi/londid.conf" }
        guard let path = UserDirectories(environment).configurationPath else { throw Self.homeless }
        return path
    }

    func socketPath() throws(CommandError) -> String {
        if isSystem { return Session.systemPath }
        guard let directory = UserDirectories(environment).runtimeDirectories.first else { throw Self.homeless }
        return "\(directory)/io.londi"
    }

    /// Where a londid that nothing supervises writes its log.
    func logPath() throws(CommandError) -> String {
        guard let directory = UserDirectories(environment).stateDirectory else { throw Self.homeless }
        return "\(directory)/londid.log"
    }

    /// londid beside this program, else on PATH.
    func program() throws(CommandError) -> String {
        let real = realpath("/proc/self/exe", nil)
        defer { free(real) }
        let own = real.map { String(cString: $0) } ?? ""
        let beside = own.lastRange(of: "/").map { String(own[..<$0.lowerBound]) } ?? "/usr/bin"
        let directories = [beside] + (environment["PATH"] ?? "").parts(at: ":").map(String.init)
        for directory in directories where access("\(directory)/londid", X_OK) == 0 { return "\(directory)/londid" }
        throw .failed("londid is neither in \(beside) nor on PATH: install it beside londictl")
    }

    /// systemd's command that starts it; nil where no systemd would.
    var systemdWords: [String]? {
        if isSystem { return ["start", "londid"] }
        guard let runtime = environment["XDG_RUNTIME_DIR"], access("\(runtime)/systemd/private", W_OK) == 0,
            Self.hasUnit("user")
        else { return nil }
        return ["--user", "start", "londid"]
    }

    private static func hasUnit(_ kind: String) -> Bool {
        unitDirectories.contains { access("\($0)/\(kind)/londid.service", F_OK) == 0 }
    }

    private static let homeless = CommandError.usage("HOME is not set to an absolute path: set it")
}
