import Domain

/// One request as it came: the method, who asks, and the parameters, not decoded yet.
package struct Call: Sendable {
    package let method: String
    /// One JSON object.
    package let parameters: [UInt8]
    /// The caller takes more than one reply.
    package let wantsMore: Bool
    /// The caller takes no reply at all.
    package let isOneWay: Bool
    package let peer: Peer
    /// On which it came.
    package let connection: ConnectionID
    /// How heavy its message is.
    var burden = Burden.light

    package init(
        method: String, parameters: [UInt8], wantsMore: Bool, isOneWay: Bool, peer: Peer, connection: ConnectionID
    ) {
        self.method = method
        self.parameters = parameters
        self.wantsMore = wantsMore
        self.isOneWay = isOneWay
        self.peer = peer
        self.connection = connection
    }

    /// Reads the envelope of a request; its parameters stay bytes.
    /// - Throws: `.malformed`.
    init(frame: [UInt8], peer: Peer, connection: ConnectionID) throws(ControlError) {
        let members = try Envelope(frame)
        guard let method = try members.string("method") else { throw .malformed(what: "member 'method' is missing") }
        if try members.flag("upgrade") { throw .malformed(what: "'upgrade' is not supported; leave it out") }
        self.init(
            method: method, parameters: members.object("parameters"), wantsMore: try members.flag("more"),
            isOneWay: try members.flag("oneway"), peer: peer, connection: connection)
    }

    /// The bytes of a request, with its NUL.
    static func frame(method: String, parameters: [UInt8], wantsMore: Bool) -> [UInt8] {
        var bytes = Array("{\"method\":\(JSONText.text(of: method)),\"parameters\":".utf8)
        bytes.append(contentsOf: parameters)
        bytes.append(contentsOf: (wantsMore ? ",\"more\":true}\0" : "}\0").utf8)
        return bytes
    }
}

/// One connection among all that the server has had since it started.
package struct ConnectionID: Hashable, Sendable {
    let number: UInt64

    package init(_ number: UInt64) { self.number = number }
}

/// The members of a frame's object.
struct Envelope {
    private let frame: [UInt8]
    private let ranges: [String: Range<Int>]

    init(_ frame: [UInt8]) throws(ControlError) {
        self.frame = frame
        do throws(JSONError) { ranges = try JSONReader.members(of: frame) } catch {
            throw .malformed(what: error.description)
        }
    }

    /// nil where the member is missing.
    func string(_ name: String) throws(ControlError) -> String? {
        guard let value = try value(name), value != .null else { return nil }
        guard let text = value.string else { throw .malformed(what: "member '\(name)' must be a text") }
        return text
    }

    /// false where the member is missing.
    func flag(_ name: String) throws(ControlError) -> Bool {
        guard let value = try value(name), value != .null else { return false }
        guard let flag = value.bool else { throw .malformed(what: "member '\(name)' must be true or false") }
        return flag
    }

    /// The bytes of a member, `{}` where it is missing or null.
    func object(_ name: String) -> [UInt8] {
        guard let range = ranges[name] else { return Array("{}".utf8) }
        let bytes = Array(frame[range])
        return bytes == Array("null".utf8) ? Array("{}".utf8) : bytes
    }

    private func value(_ name: String) throws(ControlError) -> JSONValue? {
        guard let range = ranges[name] else { return nil }
        do throws(JSONError) { return try JSONReader.value(of: Array(frame[range])) } catch {
            throw .malformed(what: "member '\(name)': \(error)")
        }
    }
}
