import Glibc
import Testing

/// A fresh directory that only this user can enter.
func temporaryDirectory() throws -> String {
    var template = Array("/tmp/londi-test-XXXXXX".utf8CString)
    let path = try #require(mkdtemp(&template))
    return String(cString: path)
}

func overwrite(_ path: String, _ bytes: [UInt8]) throws {
    let file = try #require(fopen(path, "w"))
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    #expect(fclose(file) == 0)
}

/// The file is gone afterwards.
func withTemporaryFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    let directory = try temporaryDirectory()
    let path = "\(directory)/model.gguf"
    try overwrite(path, bytes)
    defer {
        unlink(path)
        rmdir(directory)
    }
    try body(path)
}

func withTemporaryFile(_ bytes: [UInt8], _ body: (String) async throws -> Void) async throws {
    let directory = try temporaryDirectory()
    let path = "\(directory)/model.gguf"
    try overwrite(path, bytes)
    defer {
        unlink(path)
        rmdir(directory)
    }
    try await body(path)
}
