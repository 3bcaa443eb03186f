import Control
import FoundationEssentials
import Hashing
import Storage

extension ControlService {
    /// The bytes of one reply; base64 makes a third more of them.
    private static let pieceByteCount = 192 * 1024

    func addBackups(to table: inout MethodTable) {
        let backups = Backups(store: store)
        table.on(Backup.self) { _, _, reply throws(ControlError) in
            let file = try await answering { () async throws(StorageError) in try await backups.make() }
            let hash = SHA256()
            var offset: Int64 = 0
            while true {
                let at = offset
                let bytes = try await answering { () async throws(StorageError) in
                    try file.read(at: at, count: Self.pieceByteCount)
                }
                bytes.withUnsafeBytes { hash.update($0) }
                offset += Int64(bytes.count)
                let isLast = bytes.isEmpty || offset >= file.byteCount
                try await reply.send(
                    Backup.Reply(
                        total: Int(file.byteCount), data: Data(bytes).base64EncodedString(),
                        sha256: isLast ? hexadecimal(hash.finish()) : nil), continues: !isLast)
                if isLast { return }
            }
        }
    }
}
