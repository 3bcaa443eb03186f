import Foundation
import Glibc
import Synchronization
import Testing

/// An HTTP server on a Unix socket that answers as a closure says, for what no real model would do.
final class ScriptedServer: Sendable {
    typealias Answer = @Sendable (_ path: String, _ body: [UInt8]) -> (status: Int, body: String)

    /// A status for no answer at all: the connection closes.
    static let closes = 0

    let path: String
    private let listener: Int32
    private let directory: String

    init(_ answer: @escaping Answer) throws {
        directory = try temporaryDirectory()
        path = "\(directory)/scripted.sock"
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let listener = listener
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(status == 0 && listen(listener, 16) == 0, "\(path): \(String(cString: strerror(errno)))")
        Thread.detachNewThread {
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                Thread.detachNewThread { Self.serve(connection, answer) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        unlink(path)
        rmdir(directory)
    }

    /// One request after the other, until the client closes.
    private static func serve(_ connection: Int32, _ answer: Answer) {
        defer { close(connection) }
        var bytes: [UInt8] = []
        while let request = next(connection, &bytes) {
            let (status, body) = answer(request.path, request.body)
            if status == closes { return }
            let head = "HTTP/1.1 \(status) Scripted\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            let all = Array((head + body).utf8)
            guard send(connection, all, all.count, Int32(MSG_NOSIGNAL)) == all.count else { return }
        }
    }

    private static func next(_ connection: Int32, _ bytes: inout [UInt8]) -> (path: String, body: [UInt8])? {
        let separator = Array("\r\n\r\n".utf8)
        while true {
            if let end = bytes.firstRange(of: separator) {
                let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
                let length =
                    lines.compactMap { line in
                        line.lowercased().hasPrefix("content-length:")
                            ? Int(line.dropFirst(15).filter(\.isNumber)) : nil
                    }.first ?? 0
                if bytes.count >= end.upperBound + length {
                    let body = Array(bytes[end.upperBound..<(end.upperBound + length)])
                    bytes.removeFirst(end.upperBound + length)
                    return (String(lines[0].split(separator: " ")[1]), body)
                }
            }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(connection, &chunk, chunk.count, 0)
            if count <= 0 { return nil }
            bytes += chunk[..<count]
        }
    }
}
