import Foundation
import Testing

/// Rules of the whole tree that no compiler checks.
@Suite struct Tidy {
    /// What the toolchain and glibc bring, which the README's table does not list, and who does without.
    private static let toolchain: Set<String> = ["Dispatch", "FoundationEssentials", "Glibc", "Synchronization"]
    private static let withoutToolchain: Set<String> = ["Domain", "Hashing", "Migrations", "Switching"]
    private static let withoutFoundation: Set<String> = ["Blocking", "Processes", "SQLite", "Storage"]

    /// Which module may import which, from the README's table. An undeclared import of a module of the same package can
    /// compile silently, so nothing else would notice.
    private static func allowedImports() throws -> [String: Set<String>] {
        var allowed: [String: Set<String>] = [:]
        for row in try text(root.appending(path: "README.md")).split(separator: "\n") where row.hasPrefix("| `") {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let names = cells[0].split(separator: ",").map { $0.filter { $0 != "`" && $0 != " " } }
            guard cells.count == 3, names.allSatisfy({ moduleNames.contains($0) }) else { continue }
            for (index, name) in names.enumerated() {
                let part = cells[2].split(separator: "/").map { $0.trimmingCharacters(in: .whitespaces) }
                let list = part[min(index, part.count - 1)]
                let listed =
                    list == "all above"
                    ? Set(allowed.keys).union(["CSystem"])
                    : Set(
                        list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
                allowed[name] = listed
            }
        }
        for name in allowed.keys where !withoutToolchain.contains(name) {
            allowed[name]?.formUnion(
                withoutFoundation.contains(name) ? toolchain.subtracting(["FoundationEssentials"]) : toolchain)
        }
        return allowed
    }

    private static var moduleNames: Set<String> { Set(sources.map(module)) }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func files(in directory: String, ending: String) -> [URL] {
        let walk = FileManager.default.enumerator(at: root.appending(path: directory), includingPropertiesForKeys: nil)
        return (walk?.compactMap { $0 as? URL } ?? []).filter { $0.path.hasSuffix(ending) }
    }

    static func text(_ file: URL) throws -> String { try String(contentsOf: file, encoding: .utf8) }

    static var sources: [URL] {
        files(in: "Sources", ending: ".swift") + files(in: "migrations", ending: ".swift")
    }

    static func module(of file: URL) -> String {
        let parts = file.path.dropFirst(root.path.count).split(separator: "/")
        return parts[0] == "migrations" ? "Migrations" : String(parts[1])
    }

    @Test func `every module imports only what the table allows`() throws {
        let allowedImports = try Self.allowedImports()
        #expect(Set(allowedImports.keys) == Self.moduleNames)
        for file in Self.sources {
            let module = Self.module(of: file)
            let allowed = try #require(allowedImports[module], "\(module) is not in the table")
            for imported in Self.imports(in: try Self.text(file)) {
                #expect(allowed.contains(imported), "\(module) imports \(imported) in \(file.lastPathComponent)")
            }
        }
    }

    /// The modules that a source file imports, with or without a word of access before.
    private static func imports(in text: String) -> [String] {
        text.split(separator: "\n").filter { $0.first != " " }.compactMap { line in
            var words = line.split(separator: " ").map(String.init)
            if let first = words.first, ["package", "internal", "private", "public"].contains(first) {
                words.removeFirst()
            }
            guard words.count >= 2, words[0] == "import" else { return nil }
            return words[1]
        }
    }

    @Test func `no source hides an error or says public`() throws {
        for file in Self.sources {
            for (index, line) in try Self.text(file).split(separator: "\n", omittingEmptySubsequences: false)
                .enumerated()
            {
                let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
                for word in ["try?", "try!", "public "] {
                    #expect(!code.contains(word), "\(file.lastPathComponent):\(index + 1) says '\(word)'")
                }
            }
        }
    }

    @Test func `the README has no gap left`() throws {
        #expect(try !Self.text(Self.root.appending(path: "README.md")).contains("@@"))
    }

    @Test func `no source file is longer than 400 lines`() throws {
        for file in Self.sources {
            let count = try Self.text(file).split(separator: "\n", omittingEmptySubsequences: false).count
            #expect(count <= 400, "\(file.lastPathComponent) has \(count) lines")
        }
    }

    @Test func `only Storage contains SQL and only Generation says llama`() throws {
        for file in Self.sources {
            let module = Self.module(of: file)
            let text = try Self.text(file)
            // The bench fills states in seconds that would take the store hours.
            if !["Storage", "SQLite", "Migrations", "londi-bench"].contains(module) {
                for word in ["SELECT ", "INSERT INTO", "UPDATE "] where text.contains(word) {
                    Issue.record("\(file.lastPathComponent) contains SQL: \(word)")
                }
            }
            if !["Generation", "Daemon", "londictl"].contains(module), text.lowercased().contains("llama") {
                Issue.record("\(file.lastPathComponent) says llama")
            }
        }
    }

    @Test func `the package has no third-party dependency and the top level is fixed`() throws {
        #expect(try !Self.text(Self.root.appending(path: "Package.swift")).contains(".package("))
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.root.path).filter { !$0.hasPrefix(".") }
        #expect(
            Set(names) == [
                "Package.swift", "Sources", "Tests", "systemd", "migrations", "findings", "README.md", "LICENSE",
            ])
    }
}
