/// How much there is in a message, counted before anything is made of it.
struct MessageSize: Equatable {
    /// What decoding makes of a byte, and of a value beside it, at most.
    private static let bytesEach = 6
    private static let valueBytes = 1024

    let bytes: Int
    /// Members of objects and items of lists, itself included; never fewer than there are.
    let values: Int

    /// Counts without making anything, up to where it nests deeper than the reader goes: that refuses it there. What is no
    /// JSON has some count too.
    init(of frame: [UInt8]) {
        var values = 1
        var depth = 0
        var isText = false
        var isEscaped = false
        for byte in frame where depth <= JSONReader.depthLimit + 1 {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            // A list or an object has one more item than commas, or none.
            case UInt8(ascii: ","): values += 1
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                values += 1
                depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        bytes = frame.count
        self.values = values
    }

    /// What it takes while it is decoded and answered, at most.
    var memoryBytes: Int { bytes * Self.bytesEach + values * Self.valueBytes }
}
