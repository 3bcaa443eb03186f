import CSystem
import Glibc

/// Who is at the other end of a connection, as the kernel knew it when it connected.
package struct Peer: Hashable, Sendable {
    package var uid: UInt32
    package var gid: UInt32
    package var pid: Int32
    /// The primary group included.
    package var groups: Set<UInt32>
    /// The account's name, or the uid in digits where there is none.
    package var userName: String
    /// What it may do, by the server's `Authorization`.
    package var authority: Authority

    package init(uid: UInt32, gid: UInt32, pid: Int32, groups: Set<UInt32>, userName: String, authority: Authority) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.groups = groups.union([gid])
        self.userName = userName
        self.authority = authority
    }

    /// The peer of a connected Unix socket.
    static func of(_ socket: Int32, authorization: Authorization) throws(ControlError) -> Peer {
        var uid: UInt32 = 0
        var gid: UInt32 = 0
        var pid: Int32 = 0
        let status = londi_peer(socket, &uid, &gid, &pid)
        guard status == 0 else { throw .system(call: "getsockopt SO_PEERCRED", path: "", reason: reason(-status)) }
        // The kernel's own limit on a process's groups.
        var groups = [UInt32](repeating: 0, count: 65_536)
        let count = londi_peer_groups(socket, &groups, Int32(groups.count))
        guard count >= 0 else { throw .system(call: "getsockopt SO_PEERGROUPS", path: "", reason: reason(-count)) }
        let all = Set(groups.prefix(Int(count))).union([gid])
        return Peer(
            uid: uid, gid: gid, pid: pid, groups: all, userName: accountName(of: uid) ?? String(uid),
            authority: authorization.authority(uid: uid, groups: all))
    }

    private static func accountName(of uid: UInt32) -> String? {
        var buffer = [CChar](repeating: 0, count: 16_384)
        var entry = passwd()
        var result: UnsafeMutablePointer<passwd>?
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &result) == 0, result != nil, let name = entry.pw_name
        else { return nil }
        return String(cString: name)
    }
}

/// The system's words for an errno; glibc's strerror is safe to call from any thread.
func reason(_ number: Int32) -> String { String(cString: strerror(number)) }
