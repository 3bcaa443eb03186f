@testable import Control
import Domain
import Testing

/// Clients in other languages trust the interface file, ours trusts the structs: a member in one and not in the other
/// is a bug that nobody's compiler sees.
@Suite struct `The interface file` {
    private let file: InterfaceFile

    init() throws { file = try InterfaceFile(InterfaceDescription.text) }

    @Test func `names every method that the code has, and no other`() {
        #expect(file.name == "io.londi")
        #expect(Set(file.methods.keys.map { "io.londi.\($0)" }) == Set(MessageSamples.all.map(\.method)))
        #expect(InterfaceDescription.methods == Set(MessageSamples.all.map(\.method)))
    }

    @Test(arguments: MessageSamples.all)
    func `describes every member of every message`(sample: MessageSample) throws {
        let method = try #require(file.methods[String(sample.method.dropFirst("io.londi.".count))])
        var seen: Set<String> = []
        for json in [sample.fullParameters, sample.leanParameters].compactMap(\.self) {
            try check(json, against: method.parameters, path: "\(sample.method) parameters", &seen)
        }
        for json in [sample.fullReply, sample.leanReply].compactMap(\.self) {
            try check(json, against: method.reply, path: "\(sample.method) reply", &seen)
        }
        for field in method.parameters { #expect(seen.contains("\(sample.method) parameters.\(field.name)")) }
        for field in method.reply { #expect(seen.contains("\(sample.method) reply.\(field.name)")) }
    }

    /// The samples are worth something only if together they show every member of every type.
    @Test func `has no member that no sample shows`() throws {
        var seen: Set<String> = []
        for sample in MessageSamples.all {
            let method = try #require(file.methods[String(sample.method.dropFirst("io.londi.".count))])
            try check(sample.fullParameters, against: method.parameters, path: "p", &seen)
            try check(sample.fullReply, against: method.reply, path: "r", &seen)
        }
        for (name, fields) in file.types {
            for field in fields { #expect(seen.contains("\(name).\(field.name)"), "\(name).\(field.name)") }
        }
    }

    @Test func `names the errors that the code sends, with their members`() throws {
        let errors: [ControlError] = [
            .notFound(kind: "job", name: "1"), .conflict(what: "a", remedy: "b"),
            .pruned(job: JobID(7), at: Timestamp(milliseconds: 5), ledgerEntries: 2),
            .invalidArgument(argument: "a", value: "b", remedy: "c"), .invalidLine(line: 3, message: "m"),
            .invalidConfiguration(problems: ["f:3: m"]),
            .permissionDenied(action: "a", needs: "b"), .tooLarge(what: "a", limit: 1),
            .storageFull(path: "/p"), .storageFault(path: "/p", reason: "r"), .unavailable(what: "w"),
        ]
        #expect(Set(errors.map { WireError($0).name }) == Set(file.errors.keys.map { "io.londi.\($0)" }))
        for error in errors {
            let wire = WireError(error)
            var seen: Set<String> = []
            let fields = try #require(file.errors[String(wire.name.dropFirst("io.londi.".count))])
            try check(wire.parameters, against: fields, path: "e", &seen)
            #expect(wire.error == error)
        }
    }

    /// The names of our errors and the standard's come back as what they were.
    @Test(arguments: [
        ControlError.interfaceNotFound("a.b"), .methodNotFound("a.b.C"), .methodNotImplemented("a.b.C"),
        .invalidParameter("p: q"), .expectedMore,
    ])
    func `leaves the standard's errors to the standard`(error: ControlError) {
        #expect(WireError(error).name.hasPrefix("org.varlink.service."))
        #expect(WireError(error).error == error)
    }

    private func check(
        _ value: JSONValue, against fields: [InterfaceFile.Field], path: String, _ seen: inout Set<String>
    ) throws {
        let members = try #require(value.object, "\(path) is no object")
        for (name, member) in members {
            guard let field = fields.first(where: { $0.name == name }) else {
                Issue.record("\(path).\(name) is not in the interface file")
                continue
            }
            seen.insert("\(path).\(name)")
            try check(member, against: field.type, path: "\(path).\(name)", &seen)
        }
        for field in fields where members[field.name] == nil {
            guard case .nullable = field.type else {
                Issue.record("\(path).\(field.name) is in the interface file, must not be null, and is missing")
                continue
            }
        }
    }

    private func check(
        _ value: JSONValue, against type: InterfaceFile.TypeName, path: String, _ seen: inout Set<String>
    ) throws {
        switch type {
        case .bool: #expect(value.bool != nil, "\(path)")
        case .int: #expect(value.integer != nil, "\(path)")
        case .float: #expect(value.number != nil, "\(path)")
        case .string: #expect(value.string != nil, "\(path)")
        case .object: #expect(value.object != nil, "\(path)")
        case .array(let element):
            for item in try #require(value.array, "\(path)") {
                try check(item, against: element, path: "\(path)[]", &seen)
            }
        case .nullable(let inner): if value != .null { try check(value, against: inner, path: path, &seen) }
        case .named(let name):
            let fields = try #require(file.types[name], "\(path) has the unknown type \(name)")
            try check(value, against: fields, path: name, &seen)
        }
    }
}
