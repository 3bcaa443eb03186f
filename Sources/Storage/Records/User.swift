internal import Glibc

/// A person or service of the machine, as the kernel names the peer of a connection.
package struct User: Hashable, Sendable {
    package let uid: UInt32
    /// The login name at the time, for people to read; only `uid` decides anything.
    package let name: String

    package init(uid: UInt32, name: String) {
        self.uid = uid
        self.name = name
    }

    /// londid itself, under the account it runs as.
    static var londid: User { User(uid: getuid(), name: "londid") }
}
