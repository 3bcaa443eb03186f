/// Where a server listens.
enum HTTPEndpoint: Hashable, Sendable {
    case unixSocket(path: String)
    /// Without a slash at the end.
    case url(base: String)

    /// Reads the forms of `Url=` in londid.conf.
    init(parsing text: String) {
        if text.hasPrefix("/") {
            self = .unixSocket(path: text)
        } else if text.hasPrefix("unix:") {
            self = .unixSocket(path: String(text.dropFirst("unix:".count)))
        } else {
            var base = text
            while base.last == "/" { base.removeLast() }
            self = .url(base: base)
        }
    }
}

/// One request to a server. The answer's body goes to whoever sends it.
struct HTTPRequest: Sendable {
    let endpoint: HTTPEndpoint
    /// Begins with a slash.
    let path: String
    /// Sent as JSON by POST; nil for GET.
    let body: [UInt8]?
    /// The whole exchange; nil for no limit.
    let timeLimitMilliseconds: Int?
}

/// Why a request has no answer.
enum HTTPFailure: Error, Equatable {
    case cancelled
    case timeLimit
    /// The reader of the body refused to go on.
    case refusedByReader
    /// No connection, or it broke.
    case transport(String)
}
