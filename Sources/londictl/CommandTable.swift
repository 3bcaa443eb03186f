/// Every command, in the order of the help.
enum CommandTable {
    static let all: [Command] = [
        .quickstart, .submit, .wait, .results, .list, .show, .explain, .watch, .cancel, .retry, .feedback,
        .queueCreate, .queueSet, .queueList, .queuePause, .queueDrain, .queueResume,
        .queueExport, .queueImport,
        .batchList, .budgetShow, .budgetHistory, .budgetGrant, .budgetRevoke, .budgetSetDay, .spend, .policyShow,
        .policyVersions,
        .policyHistory, .policyFreeze, .policyThaw, .policyRollback, .policyExport, .policyImport,
        .policyEvaluate, .policyCurve, .policyHeatmap,
        .environmentCheck, .backup, .restore, .reload, .prune, .auditVerify, .auditExport, .auditReplay,
        .status, .doctor,
        .configShow, .databaseInfo, .top, .events, .logs,
        .metrics,
        .reportPage,
        .completion, .complete, .manual, .version,
    ]
}
