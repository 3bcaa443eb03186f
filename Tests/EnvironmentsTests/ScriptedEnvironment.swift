import Environments

/// The corridor of scripted.py, with short deadlines.
func scripted(
    _ arguments: String..., name: String = "corridor", stepMilliseconds: Int = 20_000
) -> EnvironmentConfiguration {
    let script = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    return EnvironmentConfiguration(
        name: name, path: "/usr/bin/python3", arguments: ["-I", "/\(script)/scripted.py"] + arguments,
        startMilliseconds: 20_000, stepMilliseconds: stepMilliseconds, memoryBytes: 1 << 30)
}
