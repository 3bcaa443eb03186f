/// Every command, in the order of the help.
enum CommandTable {
    static let all: [Command] = [
        .submit, .wait, .results, .list, .show, .explain, .cancel, .feedback,
        .queueCreate, .queueSet, .queueList, .queuePause, .queueResume,
        .batchList, .budgetShow, .spend, .policyShow, .policyVersions,
        .auditVerify, .backup, .status, .version,
    ]
}
