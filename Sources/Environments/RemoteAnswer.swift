/// One line that a process answers with.
struct RemoteAnswer<Result: Decodable>: Decodable {
    let id: Int?
    let result: RemoteResult<Result>

    private enum Member: String, CodingKey {
        case jsonrpc, id, result, error
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Member.self)
        guard try members.decode(String.self, forKey: .jsonrpc) == "2.0" else {
            throw DecodingError.dataCorruptedError(
                forKey: .jsonrpc, in: members, debugDescription: "jsonrpc is not \"2.0\"")
        }
        id = try members.decodeIfPresent(Int.self, forKey: .id)
        if let error = try members.decodeIfPresent(RemoteError.self, forKey: .error) {
            result = .error(error)
        } else {
            result = .value(try members.decode(Result.self, forKey: .result))
        }
    }
}

enum RemoteResult<Result> {
    case value(Result)
    case error(RemoteError)
}

/// JSON-RPC's error object; the codes are in the protocol's page.
struct RemoteError: Decodable, Hashable {
    static let unknownMethod = -32601
    static let wrongParameters = -32602
    static let unknownTask = -32001
    static let unknownAction = -32002
    static let noEpisode = -32003
    static let outOfOrder = -32005

    let code: Int
    let message: String
}
