import CSystem
import Control
import Glibc

/// What londid needs of the machine, whether it runs or not.
struct MachineCheck {
    let configuration: Configuration
    let isUserMode: Bool

    /// Whatever does not belong to one engine: disk, groups, clock, kernel.
    var findings: [Finding] {
        DiskCheck(directory: configuration.stateDirectory).findings + groups + [synchronisation, landlock]
    }

    /// The groups that decide who may do what.
    private var groups: [Finding] {
        guard !isUserMode else { return [] }
        return [configuration.memberGroup, configuration.adminGroup].map { name in
            Host.group(named: name) == nil
                ? Finding(
                    "groups", .problem, "there is no group \(name), so nobody is in it",
                    remedy: "make it with groupadd --system \(name), or name another in londid.conf")
                : Finding("groups", .ok, "\(name) is there")
        }
    }

    /// Budgets are a day's, so a clock that nobody keeps ends days at the wrong time.
    private var synchronisation: Finding {
        switch londi_clock_is_kept() {
        case 1: Finding("clock", .ok, "the kernel says that it is kept in time")
        case 0:
            Finding(
                "clock", .warning, "the kernel says that nobody keeps it in time, and budgets are a day's",
                remedy: "run chrony or systemd-timesyncd; timedatectl says how it is")
        default: Finding("clock", .warning, "the kernel does not say whether it is kept", remedy: "see timedatectl")
        }
    }

    /// Commands are confined by it.
    private var landlock: Finding {
        let version = londi_landlock_version()
        guard version < 1 else { return Finding("kernel", .ok, "it has Landlock, version \(version)") }
        return Finding(
            "kernel", .warning, "it has no Landlock, so verifiers and environments cannot be confined",
            remedy: "start one that has it (5.13 or later, with lsm=landlock), or set Confine=no for each that you"
                + " trust")
    }
}
