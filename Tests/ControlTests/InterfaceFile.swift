/// A Varlink interface file as its grammar reads it: enough of varlink.org's "Interface Definition" for our file.
struct InterfaceFile {
    indirect enum TypeName: Equatable {
        case bool, int, float, string, object
        case named(String)
        case array(TypeName)
        case nullable(TypeName)
    }

    struct Field: Equatable {
        var name: String
        var type: TypeName
    }

    struct Fault: Error { var what: String }

    var name = ""
    var types: [String: [Field]] = [:]
    var methods: [String: (parameters: [Field], reply: [Field])] = [:]
    var errors: [String: [Field]] = [:]

    init(_ text: String) throws {
        var tokens = Self.tokens(text)[...]
        func next() throws -> String {
            guard let token = tokens.popFirst() else { throw Fault(what: "the file ends too early") }
            return token
        }
        func expect(_ wanted: String) throws {
            let token = try next()
            guard token == wanted else { throw Fault(what: "'\(wanted)' was expected, found '\(token)'") }
        }
        func type() throws -> TypeName {
            switch try next() {
            case "?": return .nullable(try type())
            case "[":
                try expect("]")
                return .array(try type())
            case "bool": return .bool
            case "int": return .int
            case "float": return .float
            case "string": return .string
            case "object": return .object
            case let name: return .named(name)
            }
        }
        func fields() throws -> [Field] {
            try expect("(")
            var fields: [Field] = []
            if tokens.first == ")" {
                try expect(")")
                return fields
            }
            while true {
                let name = try next()
                try expect(":")
                fields.append(Field(name: name, type: try type()))
                let separator = try next()
                if separator == ")" { return fields }
                guard separator == "," else {
                    throw Fault(what: "',' was expected after \(name), found '\(separator)'")
                }
            }
        }
        try expect("interface")
        name = try next()
        while let keyword = tokens.popFirst() {
            let member = try next()
            guard types[member] == nil, methods[member] == nil, errors[member] == nil else {
                throw Fault(what: "\(member) is defined twice")
            }
            switch keyword {
            case "type": types[member] = try fields()
            case "error": errors[member] = try fields()
            case "method":
                let parameters = try fields()
                try expect("->")
                methods[member] = (parameters, try fields())
            default: throw Fault(what: "'\(keyword)' begins no member")
            }
        }
    }

    private static func tokens(_ text: String) -> [String] {
        var tokens: [String] = []
        for line in text.split(separator: "\n") {
            var word = ""
            func flush() {
                if !word.isEmpty { tokens.append(word) }
                word = ""
            }
            for character in line.prefix(while: { $0 != "#" }) {
                if character.isLetter || character.isNumber || "._->".contains(character) {
                    word.append(character)
                } else {
                    flush()
                    if !character.isWhitespace { tokens.append(String(character)) }
                }
            }
            flush()
        }
        return tokens
    }
}
