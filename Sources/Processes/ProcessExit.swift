import Glibc

/// How a process ended.
package enum ProcessExit: Hashable, Sendable, CustomStringConvertible {
    /// Exit status 0 to 255.
    case code(Int32)
    /// The number of the signal that ended it.
    case signal(Int32)

    package var isSuccess: Bool { self == .code(0) }

    /// Reads the status word of waitpid.
    init(status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
    }

    package var description: String {
        switch self {
        case .code(let number): "exit status \(number)"
        case .signal(SIGKILL): "signal 9 (killed: by hand, or out of memory)"
        case .signal(let number): "signal \(number)"
        }
    }
}
