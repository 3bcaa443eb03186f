import Domain

/// The keys of a role that other machines have a part in.
extension SectionReader {
    private static let keysOfOurs = ["Sha256", "GpuLayers", "ExtraArguments", "Threads", "RpcServers", "Confine"]
    private static let forms = ["http://", "https://", "unix:/", "/"]

    /// Reads `Url=` and what belongs to it.
    mutating func readServer(into engine: inout Configuration.Engine) {
        engine.url = text("Url")
        engine.modelName = text("ModelName")
        engine.caFile = path("CaFile")
        engine.apiKeyFile = path("ApiKeyFile")
        engine.apiKeyCredential = text("ApiKeyCredential")
        guard let url = engine.url else {
            for key in ["ModelName", "CaFile", "ApiKeyFile", "ApiKeyCredential"] where text(key) != nil {
                refuse(key, "belongs to Url=; remove it where Model= is given")
            }
            return
        }
        // A role with a URL leaves to whoever runs that server what londid would tell its own.
        for key in Self.keysOfOurs where text(key) != nil {
            refuse(key, "belongs to Model=; remove it where Url= is given")
        }
        check(url)
        checkKey(of: engine, url)
        if engine.caFile != nil, !url.begins(with: "https://") { refuse("CaFile", "belongs to Url=https://") }
    }

    /// Over whose devices a model of our own is spread.
    mutating func rpcServers(gpuLayers: Int?) -> [String] {
        let servers = words("RpcServers") ?? []
        for server in servers {
            let parts = server.parts(at: ":", most: 2, omittingEmpty: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[0].holds(","), let number = Int(parts[1]),
                (1...65_535).contains(number)
            else {
                refuse("RpcServers", "is no list of HOST:PORT, with blanks between them")
                break
            }
        }
        if !servers.isEmpty, gpuLayers == 0 {
            refuse("RpcServers", "stands beside GpuLayers=0, which leaves no layer to other machines")
        }
        return servers
    }

    private mutating func check(_ url: String) {
        guard Self.forms.contains(where: { url.begins(with: $0) && url.utf8.count > $0.utf8.count }) else {
            return refuse("Url", "is none of http://HOST:PORT, https://HOST:PORT, unix:/PATH and /PATH")
        }
        guard url.begins(with: "http") else { return }
        if url.unicodeScalars.contains(where: { $0.properties.isWhitespace }) || url.holds("?") || url.holds("#") {
            refuse("Url", "has a blank, ? or #; give no more than https://HOST:PORT/PATH")
        }
        // It would stand in the log and in `londictl status`.
        if url.holds("@") {
            refuse("Url", without: "holds a name or password; remove it, and give a key by ApiKeyFile=")
        }
    }

    private mutating func checkKey(of engine: Configuration.Engine, _ url: String) {
        if let name = engine.apiKeyCredential {
            if engine.apiKeyFile != nil { refuse("ApiKeyCredential", "stands beside ApiKeyFile=; give one of the two") }
            if name.holds("/") || name == "." || name == ".." {
                refuse("ApiKeyCredential", "is no name of a credential, as LoadCredential= gives it")
            }
        }
        let key = engine.apiKeyFile != nil ? "ApiKeyFile" : engine.apiKeyCredential != nil ? "ApiKeyCredential" : nil
        if let key, url.begins(with: "http://"), !Self.isLoopback(url) {
            refuse(key, "would cross the network for all to read: use Url=https://")
        }
    }

    /// Whether a URL names this machine.
    private static func isLoopback(_ url: String) -> Bool {
        let authority = url.behind("http://")?.parts(at: "/", omittingEmpty: false)[0] ?? ""
        let host =
            authority.behind("[")?.parts(at: "]", omittingEmpty: false)[0]
            ?? authority.parts(at: ":", omittingEmpty: false)[0]
        return host == "localhost" || host == "::1"
            || host.begins(with: "127.") && host.unicodeScalars.allSatisfy { scalar in scalar.isDigit || scalar == "." }
    }
}

/// What llama-server is told beside londid's own options.
extension SectionReader {
    /// Options that londid sets itself, or that would take the server from it, with the key that is there for it.
    private static let optionsOfOurs: [(names: [String], key: String?)] = [
        (["-m", "--model", "-mu", "--model-url", "-hf", "-hfr", "--hf-repo", "-hff", "--hf-file"], "Model="),
        (["-c", "--ctx-size"], "Context="), (["-np", "--parallel"], "Slots="),
        (["-ngl", "--gpu-layers", "--n-gpu-layers"], "GpuLayers="), (["-t", "--threads"], "Threads="),
        (["--rpc"], "RpcServers="),
        (["--embedding", "--embeddings", "--pooling"], "a section [Encoder] with Kind=model"),
        (["--host", "--port", "--reuse-port", "--ssl-key-file", "--ssl-cert-file", "--api-prefix"], nil),
        (["--api-key", "--api-key-file"], nil),
        (["-kvu", "--kv-unified", "-no-kvu", "--no-kv-unified", "-cram", "--cache-ram"], nil),
        (["-b", "--batch-size", "-ub", "--ubatch-size"], nil),
        (["-lv", "--verbosity", "--log-verbosity", "-v", "--verbose", "--log-verbose", "--log-disable"], nil),
        (["--metrics"], nil),
    ]

    /// Reads `ExtraArguments=`.
    mutating func extraArguments() -> [String] {
        let words = words("ExtraArguments") ?? []
        for word in words {
            let option = String(word.parts(at: "=", most: 2, omittingEmpty: false)[0])
            guard let ours = Self.optionsOfOurs.first(where: { $0.names.contains(option) }) else { continue }
            // Without the value, which may hold a key.
            refuse(
                "ExtraArguments",
                without: "holds \(option), which londid sets itself; "
                    + (ours.key.map { "use \($0)" } ?? "remove it"))
        }
        return words
    }
}
