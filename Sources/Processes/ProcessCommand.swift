/// A program to run, with everything it gets: nothing is inherited from londid, neither environment nor descriptors.
package struct ProcessCommand: Hashable, Sendable {
    /// The full path: there is no search and no shell.
    package var path: String
    /// Without the program's own name, which is put before them.
    package var arguments: [String]
    package var environment: [String: String]
    /// nil: londid's own working directory.
    package var directory: String?
    /// The most address space in bytes; nil for no limit.
    package var memoryBytes: UInt64?
    /// The most CPU time in seconds; nil for no limit.
    package var cpuSeconds: UInt64?
    /// How far it gives way to others, 0 to 19.
    package var niceness: Int32 = 0
    /// nil: it may do whatever londid may.
    package var confinement: Confinement?
    /// Instead, of a model's server.
    package var serverConfinement: ServerConfinement?

    package init(
        path: String, arguments: [String] = [], environment: [String: String] = [:], directory: String? = nil,
        memoryBytes: UInt64? = nil, cpuSeconds: UInt64? = nil, niceness: Int32 = 0, confinement: Confinement? = nil,
        serverConfinement: ServerConfinement? = nil
    ) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.memoryBytes = memoryBytes
        self.cpuSeconds = cpuSeconds
        self.niceness = niceness
        self.confinement = confinement
        self.serverConfinement = serverConfinement
    }
}
