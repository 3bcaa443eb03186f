import Domain

/// `org.varlink.service`, which every Varlink service answers: what it is and how its interfaces read.
struct ServiceInterface {
    static let name = "org.varlink.service"

    let version: String

    struct Info: Codable, Sendable, Equatable {
        var vendor: String
        var product: String
        var version: String
        var url: String
        var interfaces: [String]
    }

    struct DescriptionRequest: Codable, Sendable { var interface: String }
    struct Description: Codable, Sendable, Equatable { var description: String }

    /// Answers `call` where it belongs to this interface; false where it does not.
    func answers(_ call: Call, reply: Reply) async throws(ControlError) -> Bool {
        guard Self.interfaceName(of: call.method) == Self.name else { return false }
        switch call.method.behind("\(Self.name).") {
        case "GetInfo":
            try await reply.send(
                Info(
                    vendor: "Londi", product: "londid", version: version, url: "",
                    interfaces: [Self.name, InterfaceDescription.name]))
        case "GetInterfaceDescription":
            let wanted = try JSONText.decode(DescriptionRequest.self, from: call.parameters).interface
            let texts = [Self.name: Self.description, InterfaceDescription.name: InterfaceDescription.text]
            guard let text = texts[wanted] else { throw .interfaceNotFound(wanted) }
            try await reply.send(Description(description: text))
        default: throw .methodNotFound(call.method)
        }
        return true
    }

    /// `io.londi` of `io.londi.ListJobs`.
    static func interfaceName(of method: String) -> String {
        guard let dot = method.unicodeScalars.lastIndex(of: ".") else { return method }
        return String(method[..<dot])
    }

    /// - Source: varlink.org, "Service Interface".
    static let description = """
        # The Varlink Service Interface is provided by every varlink service. It
        # describes the service and the interfaces it implements.
        interface org.varlink.service

        # Get a list of all the interfaces a service provides and information about the implementation.
        method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)

        # Get the description of an interface that is implemented by this service.
        method GetInterfaceDescription(interface: string) -> (description: string)

        # The requested interface was not found.
        error InterfaceNotFound (interface: string)

        # The requested method was not found
        error MethodNotFound (method: string)

        # The interface defines the requested method, but the service does not implement it.
        error MethodNotImplemented (method: string)

        # One of the passed parameters is invalid.
        error InvalidParameter (parameter: string)

        # Client is denied access
        error PermissionDenied ()

        # Method is expected to be called with 'more' set to true, but wasn't
        error ExpectedMore ()

        """
}

/// The interface file `io.londi.varlink`, compiled in.
package enum InterfaceDescription {
    package static let name = "io.londi"

    /// The whole file.
    package static let text = String(decoding: PackageResources.io_londi_varlink, as: UTF8.self)

    /// The qualified names of its methods.
    static let methods: Set<String> = Set(
        text.lines.compactMap { line in
            line.behind("method ").map { "\(name).\($0.parts(at: "(", omittingEmpty: false)[0])" }
        })
}
