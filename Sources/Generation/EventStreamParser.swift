/// Cuts a stream of server-sent events into their data, wherever the network cut the bytes.
/// - Source: WHATWG HTML, section 9.2.6 "Interpreting an event stream". Only `data` matters here, and `error`, which
///   llama-server uses as a field for a request that fails after it began.
struct EventStreamParser {
    /// The longest event in bytes: the last one repeats the prompt.
    static let longestEvent = 64 * 1024 * 1024

    private let limit: Int
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var lastWasReturn = false

    /// The stream holds an event over the limit.
    struct TooLong: Error {}

    init(limit: Int = Self.longestEvent) { self.limit = limit }

    /// Returns the data of each event that these bytes complete.
    mutating func feed(_ bytes: some Sequence<UInt8>) throws(TooLong) -> [[UInt8]] {
        var events: [[UInt8]] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n") where lastWasReturn:
                lastWasReturn = false
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                lastWasReturn = byte == UInt8(ascii: "\r")
                if let event = endLine() { events.append(event) }
            default:
                lastWasReturn = false
                line.append(byte)
                if line.count + data.count > limit { throw TooLong() }
            }
        }
        return events
    }

    /// Takes the line in; a blank one ends the event.
    private mutating func endLine() -> [UInt8]? {
        defer { line.removeAll(keepingCapacity: true) }
        if line.isEmpty {
            guard hasData else { return nil }
            defer {
                data = []
                hasData = false
            }
            return data
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        let field = line[..<colon]
        guard field.elementsEqual("data".utf8) || field.elementsEqual("error".utf8) else { return nil }
        var value = line[min(colon + 1, line.endIndex)...]
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        if hasData { data.append(UInt8(ascii: "\n")) }
        data += value
        hasData = true
        return nil
    }
}
