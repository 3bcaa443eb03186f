/// One method of the interface: its name and what goes in and out. The file `io.londi.varlink` says the same.
package protocol ControlMethod: Sendable {
    associatedtype Parameters: Codable & Sendable
    associatedtype Reply: Codable & Sendable

    /// The qualified name, `io.londi.ListJobs`.
    static var name: String { get }
    /// What the caller must at least be.
    static var needs: Authority { get }
    /// The method answers only calls that take more than one reply.
    static var requiresMore: Bool { get }
}

extension ControlMethod {
    package static var requiresMore: Bool { false }
}

/// No parameters, or an empty reply: `{}`.
package struct NoFields: Hashable, Codable, Sendable {
    package init() {}
}
