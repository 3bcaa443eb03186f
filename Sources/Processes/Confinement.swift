import CSystem
import Glibc

/// What keeps a command, and whatever it starts, away from londid itself: it runs under the same account, so the kernel has
/// to be asked for it, by Landlock and a filter of system calls. It cannot read, write or list what is hidden, writes
/// nowhere but to a directory of its own and to devices, has no socket of this machine's, cannot signal, trace or limit a
/// process outside, cannot leave its process group, and cannot change owners and modes by paths.
package struct Confinement: Hashable, Sendable {
    /// Absolute paths of directories.
    package var hidden: [String]
    /// Where each run gets a directory of its own, empty at first and removed after it.
    package var scratchParent: String
    /// Sockets of IPv4 and IPv6, as far as londid itself may have them.
    package var allowsNetwork: Bool
    /// So many processes and threads more than londid's account has when the command starts.
    package var mostTasks: Int
    /// The rules that the kernel is asked for are those of this version of Landlock.
    var landlockVersion: Int

    /// - Parameter landlockVersion: at most the kernel's.
    package init(
        hidden: [String], scratchParent: String, allowsNetwork: Bool, mostTasks: Int,
        landlockVersion: Int = Confinement.kernelVersion
    ) {
        self.hidden = hidden
        self.scratchParent = scratchParent
        self.allowsNetwork = allowsNetwork
        self.mostTasks = mostTasks
        self.landlockVersion = landlockVersion
    }

    /// The kernel's version of Landlock; 0 where it has none, and nothing can be confined.
    package static var kernelVersion: Int { max(0, Int(londi_landlock_version())) }

    /// The kernel's rules for one run.
    /// - Parameter scratch: the run's own directory, in `scratchParent`.
    func ruleset(scratch: String) throws(Errno) -> Descriptor {
        let ruleset = try Ruleset(version: landlockVersion)
        for path in Self.visible(hidden: hidden.map(realPath), scratch: scratch) {
            // What has gone since it was listed needs no rule.
            try ruleset.allow(path, path == "/dev" || isBelow("/dev", path) ? .write : .read)
        }
        guard try ruleset.allow(scratch, .write) else { throw Errno(number: ENOENT) }
        return ruleset.descriptor
    }

    /// Everything but what is hidden and other runs' directories. Landlock knows no exceptions below a directory, so these
    /// are the neighbours of each directory on the way to one of them; the directories on the way cannot be listed.
    /// - Parameters:
    ///   - hidden: real paths.
    ///   - scratch: of a run that has a directory of its own.
    static func visible(hidden: [String], scratch: String? = nil) -> [String] {
        let ways = Set((hidden + (scratch.map { [$0] } ?? [])).flatMap(ancestors))
        let others = scratch.map { scratch in
            let bytes = scratch.utf8
            return bytes.prefix(through: bytes.lastIndex(of: UInt8(ascii: "-")) ?? bytes.startIndex)
        }
        // One hidden directory may be in another.
        let open = ways.filter { way in !hidden.contains { way == $0 || isBelow($0, way) } }
        return open.sorted().flatMap { directory in
            names(in: directory).map { directory == "/" ? "/\($0)" : "\(directory)/\($0)" }
                .filter { path in
                    !ways.contains(path) && !hidden.contains(path) && others.map { path.utf8.starts(with: $0) } != true
                }.sorted()
        }
    }

    /// `/`, `/var` and `/var/lib` of `/var/lib/londi`.
    private static func ancestors(_ path: String) -> [String] {
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
        return parts.indices.map { "/" + parts[..<$0].joined(separator: "/") }
    }

    /// None where the directory cannot be listed.
    private static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}

/// Whether `path` lies in `directory` or further down, both as bytes.
private func isBelow(_ directory: String, _ path: String) -> Bool { path.utf8.starts(with: "\(directory)/".utf8) }

/// The path without symbolic links; as it is where nothing is there.
func realPath(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
}
