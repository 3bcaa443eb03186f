import Storage

extension Rescue {
    /// What an administrator has to do.
    var text: String {
        switch self {
        case .inPlace: "everything that was acknowledged is in state.sqlite, where it was: start londid again"
        case .copied(let path):
            "everything that was acknowledged was copied to \(path): put the moved file back with its log and start londid"
                + " again, or restore the copy with londid --restore \(path)"
        case .failed(let reason):
            "what was acknowledged could not be saved (\(reason)): only the files that were moved away have it; put them"
                + " back before londid starts again"
        }
    }
}
