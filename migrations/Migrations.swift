/// The migrations, oldest first: their names and their SQL, compiled into the binary.
package enum Migrations {
    package static let all: [(name: String, sql: [UInt8])] = [
        ("0001_initial", PackageResources._001_initial_sql),
        ("0002_jobs", PackageResources._002_jobs_sql),
        ("0003_queues", PackageResources._003_queues_sql),
        ("0004_budgets", PackageResources._004_budgets_sql),
        ("0005_ledger", PackageResources._005_ledger_sql),
        ("0006_speed", PackageResources._006_speed_sql),
        ("0007_policies", PackageResources._007_policies_sql),
        ("0008_drafts", PackageResources._008_drafts_sql),
        ("0009_pacing", PackageResources._009_pacing_sql),
        ("0010_prior", PackageResources._010_prior_sql),
        ("0011_environments", PackageResources._011_environments_sql),
        ("0012_ends", PackageResources._012_ends_sql),
        ("0013_confirmed_drafts", PackageResources._013_confirmed_drafts_sql),
        ("0014_trial_exploration", PackageResources._014_trial_exploration_sql),
        ("0015_members", PackageResources._015_members_sql),
        ("0016_proofs", PackageResources._016_proofs_sql),
    ]
}
