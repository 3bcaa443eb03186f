import Glibc

/// londid's command line as texts. A word that is not UTF-8 would name another file: it ends the process instead.
package enum LaunchArguments {
    private static let usageStatus: Int32 = 64

    /// The words behind the program's name.
    package static var words: [String] {
        (1..<max(1, Int(CommandLine.argc))).compactMap { index in
            guard let word = CommandLine.unsafeArgv[index] else { return nil }
            if let text = String(validatingCString: word) { return text }
            var message = "argument \(index) is not UTF-8 ('\(String(cString: word))'): rename the file\n"
            message.withUTF8 { bytes in _ = write(2, bytes.baseAddress, bytes.count) }
            exit(usageStatus)
        }
    }
}
