"""Writes libFuzzer's first inputs: the examples in the unit tests of each parser, which are the texts in their source.

Usage: seeds.py REPOSITORY DIRECTORY
"""

import pathlib
import re
import sys

TEXT = re.compile(r'(#*)"""\n(.*?)"""\1|(#*)"((?:[^"\\\n]|\\.|(?<=#)")*?)"\3', re.DOTALL)
SOURCES = {
    "batch": ["Tests/ControlTests/BatchLineTests.swift"],
    "configuration": ["Tests/DaemonTests/ConfigurationTests.swift", "Tests/DaemonTests/ExampleConfigurationTests.swift"],
    "environment": ["Tests/EnvironmentsTests/EnvironmentProcessTests.swift", "Tests/EnvironmentsTests/scripted.py"],
    "frames": ["Tests/ControlTests/MessageSamples.swift", "Tests/ControlTests/ServerTests.swift"],
    "stream": ["Tests/GenerationTests/EventStreamTests.swift", "Tests/GenerationTests/RemoteServerTests.swift"],
    "verifier": ["Tests/EpisodesTests/VerifierTests.swift"],
    "model": [],
}
STEP = '{"step": 1, "observation": "A door.", "reward": 0.5, "terminated": false, "truncated": true, "info": {"success": true, "actions": ["go"]}}'
RESET = '{"step": 0, "observation": "A room.", "info": {"goal": "Leave.", "max_steps": 9, "actions": null}}'
EXTRA = {
    "environment": [f'{{"jsonrpc": "2.0", "id": 1, "result": {result}}}'.encode() for result in (
        STEP, RESET, "{}", '{"action": "go"}', '{"tasks": [{"id": "t", "options": {"a": "b"}}]}',
        '{"protocol_version": 1, "server": "s", "capabilities": {"deterministic": true, "admissible": "per-state", "oracle": false, '
        '"reward": {"min": 0, "max": 1}}}')] + [b'{"jsonrpc": "2.0", "id": 1, "error": {"code": -32001, "message": "m"}}'],
    "verifier": [
        b"^a(b|c)*d{1,3}$\nabbcd", b'{"type": "object", "properties": {"a": {"type": "integer", "minimum": 0}}, "required": ["a"]}\n{"a": 1}',
        b'{"anyOf": [{"enum": [1, "x"]}, {"type": "array", "items": {"const": true}, "maxItems": 2}]}\n[true]'],
    # Version 3, one tensor, two keys, of a text and an array.
    "model": [
        b"GGUF\x03\0\0\0" + (1).to_bytes(8, "little") + (2).to_bytes(8, "little") + (20).to_bytes(8, "little")
        + b"general.architecture\x08\0\0\0" + (5).to_bytes(8, "little") + b"llama" + (21).to_bytes(8, "little")
        + b"tokenizer.ggml.tokens\x09\0\0\0\x08\0\0\0" + (1).to_bytes(8, "little") + (1).to_bytes(8, "little") + b"a"],
}


def texts(source):
    for raw, block, hashes, line in TEXT.findall(source):
        text = block or line
        if not raw and not hashes:
            text = re.sub(r'\\([n"\\0t])', lambda match: {"n": "\n", "0": "\0", "t": "\t"}.get(match[1], match[1]), text)
        if block:
            indent = min((len(row) - len(row.lstrip()) for row in text.splitlines() if row.strip()), default=0)
            text = "\n".join(row[indent:] for row in text.splitlines())
        yield text


def main():
    repository, directory = map(pathlib.Path, sys.argv[1:])
    for target, files in SOURCES.items():
        seeds = [text.encode() for file in files for text in texts((repository / file).read_text())] + EXTRA.get(target, [])
        if target == "configuration":
            seeds.append((repository / "systemd/londid.conf").read_bytes())
        if target == "frames":
            methods = set(re.findall(r"^method (\w+)", (repository / "Sources/Control/io.londi.varlink").read_text(), re.MULTILINE))
            seeds += [f'{{"method":"io.londi.{method}","parameters":{{}},"more":true}}\0'.encode() for method in sorted(methods)]
            seeds += [b'{"method":"io.londi.ListJobs","parameters":' + seed + b"}\0" for seed in seeds if seed.startswith(b"{")]
        if target == "stream":
            # The first byte chooses the kind of server and where the stream is cut.
            seeds = [bytes([kind]) + seed for seed in seeds for kind in (2, 3)]
        folder = directory / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seed for seed in seeds if len(seed) > 3):
            (folder / f"{number:04}").write_bytes(seed[:8192])


if __name__ == "__main__":
    main()
