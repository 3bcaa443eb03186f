import Glibc

/// What keeps a model's server away from londid, whose account it has: it reads and writes files as londid may, but none of what is
/// hidden; it makes sockets in a directory of londid's; it can neither connect to one, nor signal, trace or limit a process
/// outside, nor leave its process group. Devices and their calls are left alone.
package struct ServerConfinement: Hashable, Sendable {
    /// Absolute paths of directories and files.
    package var hidden: [String]
    /// Files that it reads wherever they are.
    package var readable: [String]
    /// Where it makes its socket.
    package var socketDirectory: String
    /// It may connect to others: by the network, and so to sockets of this machine too, as the kernel tells them apart too late.
    package var connects: Bool
    /// The rules that the kernel is asked for are those of this version of Landlock.
    var landlockVersion: Int

    /// - Parameter landlockVersion: at most the kernel's.
    package init(
        hidden: [String], readable: [String], socketDirectory: String, connects: Bool,
        landlockVersion: Int = Confinement.kernelVersion
    ) {
        self.hidden = hidden
        self.readable = readable
        self.socketDirectory = socketDirectory
        self.connects = connects
        self.landlockVersion = landlockVersion
    }

    /// The kernel's rules for one start. What comes to be beside a hidden directory after it is hidden too.
    func ruleset() throws(Errno) -> Descriptor {
        let ruleset = try Ruleset(version: landlockVersion)
        for path in Confinement.visible(hidden: hidden.map(realPath)) { try ruleset.allow(path, .write) }
        for path in readable { try ruleset.allow(realPath(path), .read) }
        guard try ruleset.allow(realPath(socketDirectory), .bind) else { throw Errno(number: ENOENT) }
        return ruleset.descriptor
    }
}
