// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]
/// Modules without C calls: every use of an unsafe pointer is an error there.
let pure: [SwiftSetting] = strict + [.strictMemorySafety()]
/// Numeric code is more than 100 times slower without the optimiser, so its debug builds have it too.
let numeric: [SwiftSetting] = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
    name: "londi",
    products: [
        .executable(name: "londid", targets: ["londid"]),
        .executable(name: "londictl", targets: ["londictl"]),
        .executable(name: "londi-bench", targets: ["londi-bench"]),
    ],
    targets: [
        // System C libraries, and the few system calls that Swift's Glibc module lacks.
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CSystem"),

        // The modules, in the order of the README's table. TidyTests checks their imports against it.
        .target(name: "Domain", swiftSettings: pure, linkerSettings: [.linkedLibrary("m")]),
        .target(name: "Blocking", dependencies: ["CSystem"], swiftSettings: strict),
        .target(name: "Hashing", dependencies: ["CCrypto"], swiftSettings: strict),
        .target(name: "Processes", dependencies: ["CSystem", "Blocking"], swiftSettings: strict),
        .target(name: "SQLite", dependencies: ["CSQLite", "Blocking"], swiftSettings: strict),
        .target(
            name: "Migrations", path: "migrations",
            resources: [
                .embedInCode("0001_initial.sql"), .embedInCode("0002_jobs.sql"), .embedInCode("0003_queues.sql"),
                .embedInCode("0004_budgets.sql"), .embedInCode("0005_ledger.sql"),
                .embedInCode("0006_speed.sql"), .embedInCode("0007_policies.sql"), .embedInCode("0008_drafts.sql"),
                .embedInCode("0009_pacing.sql"), .embedInCode("0010_prior.sql"),
                .embedInCode("0011_environments.sql"), .embedInCode("0012_ends.sql"),
                .embedInCode("0013_confirmed_drafts.sql"), .embedInCode("0014_trial_exploration.sql"),
                .embedInCode("0015_members.sql"),
                .embedInCode("0016_proofs.sql"),
            ],
            swiftSettings: strict),
        .target(
            name: "Storage", dependencies: ["Domain", "SQLite", "Migrations", "Hashing", "Blocking"],
            swiftSettings: strict),
        .target(
            name: "Generation", dependencies: ["Domain", "CCurl", "Blocking", "Processes", "Hashing"],
            swiftSettings: strict),
        .target(name: "Switching", dependencies: ["Domain"], swiftSettings: numeric),
        .target(
            name: "Environments", dependencies: ["Domain", "Processes"],
            exclude: ["README.md", "adapter.py", "babyai_text.py", "scienceworld_text.py"], swiftSettings: strict),
        .target(
            name: "Episodes", dependencies: ["Domain", "Switching", "Generation", "Environments", "Processes"],
            swiftSettings: strict),
        .target(
            name: "Control", dependencies: ["Domain", "CSystem", "Blocking"],
            resources: [.embedInCode("io.londi.varlink")], swiftSettings: strict),
        .target(
            name: "Daemon",
            dependencies: [
                "Domain", "Blocking", "Hashing", "Processes", "Storage", "Generation", "Switching", "Environments",
                "Episodes", "Control", "CSystem",
            ], swiftSettings: strict),
        .executableTarget(name: "londid", dependencies: ["Daemon"], swiftSettings: strict),
        .executableTarget(name: "londictl", dependencies: ["Control", "Domain", "Hashing"], swiftSettings: strict),
        .target(name: "CBench", dependencies: ["CSQLite"]),
        .executableTarget(
            name: "londi-bench",
            dependencies: [
                "CBench", "Control", "Daemon", "Domain", "Episodes", "Hashing", "Processes", "SQLite", "Simulations",
                "Storage", "Switching",
            ], swiftSettings: strict),
        // Jobs whose best Switcher is known, for the tests and for londi-bench.
        .target(
            name: "Simulations", dependencies: ["Switching", "Domain"], path: "Tests/Simulations",
            swiftSettings: numeric),

        .testTarget(name: "DomainTests", dependencies: ["Domain"], swiftSettings: strict),
        .testTarget(
            name: "StorageTests", dependencies: ["Storage", "SQLite", "Domain", "Hashing", "PowerLoss"],
            swiftSettings: strict),
        // A disk whose power can be cut, for StorageTests.
        .target(name: "PowerLoss", dependencies: ["CSQLite"], path: "Tests/PowerLoss"),
        .testTarget(name: "SwitchingTests", dependencies: ["Switching", "Domain"], swiftSettings: numeric),
        .testTarget(
            name: "GenerationTests", dependencies: ["Generation", "Processes", "Domain"], exclude: ["hostile.py"],
            swiftSettings: strict),
        .testTarget(
            name: "EnvironmentsTests", dependencies: ["Environments", "Processes", "Domain"],
            exclude: ["scripted.py"], swiftSettings: strict),
        .testTarget(
            name: "EpisodesTests", dependencies: ["Episodes", "Environments", "Switching", "Generation", "Domain"],
            swiftSettings: strict),
        .testTarget(
            name: "ControlTests", dependencies: ["Control", "Domain", "Hashing", "Blocking", "londictl"],
            exclude: ["Golden"], swiftSettings: strict),
        .testTarget(
            name: "DaemonTests",
            dependencies: [
                "Daemon", "Control", "Episodes", "Environments", "Generation", "Storage", "SQLite", "Switching",
                "Domain", "Hashing", "Blocking", "PowerLoss", "Processes",
            ],
            exclude: ["mortal.py"], swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ]
)

// systemd/build.sh builds what is shipped in one invocation, and nothing else.
if Context.environment["LONDI_SHIPPED"]?.isEmpty == false {
    let benches = ["londi-bench", "CBench", "Simulations", "PowerLoss"]
    package.products.removeAll { benches.contains($0.name) }
    package.targets.removeAll { benches.contains($0.name) || $0.isTest }
}

// Tests/fuzz.sh builds the parsers with libFuzzer's instrumentation, and the program that it drives.
if Context.environment["LONDI_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz", dependencies: ["Control", "Daemon", "Domain", "Environments", "Episodes", "Generation"],
            path: "Tests/Fuzz", exclude: ["seeds.py"],
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library", "-enable-testing"])]))
}
