import Domain

/// Where a server listens.
enum HTTPEndpoint: Hashable, Sendable {
    case unixSocket(path: String)
    /// Without a slash at the end.
    case url(base: String)

    /// Reads the forms of `Url=` in londid.conf.
    init(parsing text: String) {
        if text.begins(with: "/") {
            self = .unixSocket(path: text)
        } else if let path = text.behind("unix:") {
            self = .unixSocket(path: String(path))
        } else {
            var base = text[...]
            while let rest = base.before("/") { base = rest }
            self = .url(base: String(base))
        }
    }
}

/// How requests go to a server that somebody else runs; nothing of it holds for one of our own.
struct HTTPAccess: Sendable {
    /// The PEM file of the authorities that may vouch for the server; nil: those that the system trusts.
    var authorities: String?
    var key: APIKey?
    /// With no byte for so long the way to the server counts as cut; nil: for ever.
    var silenceSeconds: Int?
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
    var access = HTTPAccess()
    /// It may be sent again where a connection that was kept open turns out to be closed. False for what a server may have
    /// begun to do by then.
    var isRepeatable = true
}

/// Why a request has no answer.
enum HTTPFailure: Error, Equatable {
    case cancelled
    case timeLimit
    /// The reader of the body refused to go on.
    case refusedByReader
    /// There was no connection: the server has not seen the request.
    case notReached(String)
    /// The server's certificate does not prove who it is. It has not seen the request.
    case notTrusted(String)
    /// The connection broke after the request had been sent.
    case broken(String)
}
