/// The words of the command line, from their bytes: `CommandLine.arguments` puts U+FFFD where bytes are not UTF-8.
enum ArgumentVector {
    /// Without the program's name; each as `FileName.argument` makes it.
    static var words: [String] {
        (1..<max(1, Int(CommandLine.argc))).compactMap { index in
            guard let word = CommandLine.unsafeArgv[index] else { return nil }
            var bytes: [UInt8] = []
            var next = word
            while next.pointee != 0 {
                bytes.append(UInt8(bitPattern: next.pointee))
                next += 1
            }
            return FileName.argument(bytes)
        }
    }
}
