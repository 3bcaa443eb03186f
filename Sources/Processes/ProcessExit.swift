import Glibc

/// How a process ended.
package enum ProcessExit: Hashable, Sendable, CustomStringConvertible {
    /// Exit status 0 to 255.
    case code(Int32)
    /// The number of the signal that ended it.
    case signal(Int32)
    /// Somebody else has taken the status, as the kernel does where SIGCHLD is ignored.
    case unknown

    package var isSuccess: Bool { self == .code(0) }

    /// Reads the status word of waitpid.
    init(status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
    }

    package var description: String {
        switch self {
        case .code(let number): "exit status \(number)"
        case .unknown: "a status that somebody else took"
        case .signal(SIGKILL): "signal 9 (SIGKILL: by hand, or out of memory)"
        case .signal(let number): "signal \(number)" + (Self.names[number].map { " (\($0))" } ?? "")
        }
    }

    /// The signals by which programs usually end.
    private static let names: [Int32: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
        SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGSEGV: "SIGSEGV", SIGPIPE: "SIGPIPE",
        SIGALRM: "SIGALRM", SIGTERM: "SIGTERM", SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ", SIGSYS: "SIGSYS",
    ]

    /// It ended by an instruction that the processor does not have or that went wrong, not by anybody's wish.
    package var isCrash: Bool {
        switch self {
        case .signal(SIGILL), .signal(SIGSEGV), .signal(SIGBUS), .signal(SIGABRT), .signal(SIGFPE): true
        default: false
        }
    }
}
