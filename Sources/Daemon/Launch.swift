import CSystem
import Control
import Dispatch
import Episodes
import Glibc

/// londid's command line: what it was asked to do, and the process-wide things that come before anything else.
package enum Launch {
    static let help = """
        londid - runs reasoning jobs with a cheap and a costly language model under daily budgets

        Usage: londid [--config FILE] [--user] [--check-config | --doctor | --check-backup FILE | --restore FILE |
               --accept-state | --propose QUICK DEEPTHINK [--llama-server FILE]]

          --config FILE    the configuration (default /etc/londi/londid.conf; with --user
                           $XDG_CONFIG_HOME/londi/londid.conf); FILE.d/*.conf is read after it
          --user           run without privileges, with state and sockets in the XDG directories
          --check-config   read the configuration, say what is wrong with it, and exit
          --doctor         look at configuration, models, disk, clock and kernel without starting, and
                           print what was found as JSON; `londictl doctor` shows it
          --propose QUICK DEEPTHINK
                           print a configuration for two GGUF files on this machine, and exit;
                           --llama-server FILE where llama-server is not on PATH
          --check-backup FILE
                           say whether a backup can be restored, and exit
          --restore FILE   put a backup in the place of the state, which is kept beside it, and exit;
                           no londid may run on it
          --accept-state   go on with a state that is older than what was noted beside it, record that, and
                           exit: what is missing is lost
          --version        print the version and exit
          --help           print this and exit

        SIGTERM lets running steps end and stops; a second SIGTERM cuts them off. SIGHUP reads the
        configuration again, as `londictl reload` does.
        Exit status: 0 stopped, 1 the state cannot be used, 64 usage, 78 the configuration is wrong, or at the
        start of a service a file that it names.
        """

    private struct Options {
        var configPath: String?
        var isUserMode = false
        var checksOnly = false
        var diagnoses = false
        var proposed: (quick: String, deepthink: String)?
        var serverProgram: String?
        var checkedBackup: String?
        var restoredBackup: String?
        var acceptsState = false
    }

    /// sysexits.h: the command was used wrongly, and something was found in the configuration.
    private static let usageStatus: Int32 = 64
    static let configurationStatus: Int32 = 78

    /// Larger blocks do not stay with an idle londid: those of reading models, files and episodes.
    private static let keptBlockBytes: Int32 = 256 << 10

    /// Runs londid and never returns. Call it first thing in main, before any thread exists.
    /// - Parameter arguments: without the program's name.
    package static func run(arguments: [String], environment: [String: String]) -> Never {
        if arguments == [JudgeProgram.argument] { exit(JudgeService.run()) }
        londi_return_blocks(keptBlockBytes)
        // Whoever starts londid may ignore it, which is inherited: then the kernel takes what children leave behind.
        signal(SIGCHLD, SIG_DFL)
        let options = parse(arguments, environment)
        // These two only read, and end where they are interrupted.
        if let models = options.proposed {
            let proposal = Proposal(
                quick: models.quick, deepthink: models.deepthink, program: options.serverProgram,
                environment: environment)
            Task.detached { exit(await proposal.run()) }
            while true { pause() }
        }
        if options.diagnoses {
            let (path, places) = locations(options, environment)
            let diagnosis = Diagnosis(
                path: path, places: places, isUserMode: options.isUserMode, environment: environment)
            Task.detached { exit(await diagnosis.run()) }
            while true { pause() }
        }
        let signals = blockSignals()
        if let backup = options.checkedBackup {
            Task.detached { exit(await Maintenance.run(backup: backup, restoringInto: nil)) }
            while true { pause() }
        }
        let (path, places) = locations(options, environment)
        let configuration: Configuration
        do throws(ConfigurationError) {
            configuration = try ConfigurationLoader.load(path: path, places: places)
        } catch {
            finish(environment, status: configurationStatus, message: error.description)
        }
        if options.checksOnly {
            print("\(path): no problem found")
            exit(0)
        }
        if let backup = options.restoredBackup {
            let directory = configuration.stateDirectory
            Task.detached { exit(await Maintenance.run(backup: backup, restoringInto: directory)) }
            while true { pause() }
        }
        if options.acceptsState {
            let directory = configuration.stateDirectory
            Task.detached { exit(await Maintenance.accept(directory)) }
            while true { pause() }
        }
        let listener: SocketListener?
        do throws(ControlError) { listener = try SocketActivation.listener(environment) } catch {
            finish(environment, status: configurationStatus, message: error.description)
        }
        let log = Log(threshold: configuration.logLevel, environment: environment)
        let live = LiveConfiguration(configuration) { () throws(ConfigurationError) in
            try ConfigurationLoader.load(path: path, places: places)
        }
        let daemon = LondiDaemon(
            configuration: live, isUserMode: options.isUserMode, environment: environment,
            serviceManager: ServiceManager(environment: environment), inheritedListener: listener, log: log)
        Task.detached { exit(await daemon.run()) }
        obeySignals(signals, daemon: daemon)
    }

    /// The configuration's path and the default directories; ends the process where `--user` cannot know them.
    private static func locations(
        _ options: Options, _ environment: [String: String]
    ) -> (path: String, places: ConfigurationLoader.Places) {
        guard options.isUserMode else {
            return (options.configPath ?? "/etc/londi/londid.conf", ConfigurationLoader.Places.system.with(environment))
        }
        let directories = UserDirectories(environment)
        guard let path = options.configPath ?? directories.configurationPath,
            let places = ConfigurationLoader.Places.user(directories)
        else {
            finish(
                environment, status: configurationStatus,
                message: "--user needs HOME, which is not set to an absolute path: set it, or both XDG_CONFIG_HOME and"
                    + " XDG_STATE_HOME")
        }
        return (path, places.with(environment))
    }

    private static func parse(_ arguments: [String], _ environment: [String: String]) -> Options {
        var options = Options()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--user": options.isUserMode = true
            case "--check-config": options.checksOnly = true
            case "--doctor": options.diagnoses = true
            case "--propose":
                guard let quick = rest.popFirst(), let deepthink = rest.popFirst() else {
                    finish(environment, status: usageStatus, message: "--propose needs two files; see londid --help")
                }
                options.proposed = (quick, deepthink)
            case "--llama-server":
                guard let path = rest.popFirst() else {
                    finish(environment, status: usageStatus, message: "--llama-server needs a file; see londid --help")
                }
                options.serverProgram = path
            case "--config":
                guard let path = rest.popFirst() else {
                    finish(environment, status: usageStatus, message: "--config needs a file; see londid --help")
                }
                options.configPath = path
            case "--check-backup", "--restore":
                guard let path = rest.popFirst() else {
                    finish(environment, status: usageStatus, message: "\(argument) needs a file; see londid --help")
                }
                if argument == "--restore" { options.restoredBackup = path } else { options.checkedBackup = path }
            case "--accept-state": options.acceptsState = true
            case "--version":
                print("londid \(LondiDaemon.version)")
                exit(0)
            case "--help", "-h":
                print(help)
                exit(0)
            default: finish(environment, status: usageStatus, message: "'\(argument)' is unknown; see londid --help")
            }
        }
        return options
    }

    /// Blocks the signals that londid obeys, in this thread and in every later one, and ignores those of broken pipes.
    private static func blockSignals() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
        return set
    }

    /// Waits for signals for ever: Dispatch's own signal sources lose some.
    private static func obeySignals(_ signals: sigset_t, daemon: LondiDaemon) -> Never {
        var signals = signals
        while true {
            var number: Int32 = 0
            guard sigwait(&signals, &number) == 0 else { continue }
            switch number {
            case SIGHUP: daemon.reload()
            default: daemon.stop()
            }
        }
    }

    /// Ends the process with a message: for journald an error, for everybody else as it is.
    private static func finish(_ environment: [String: String], status: Int32, message: String) -> Never {
        if Journal.readsStandardError(environment) {
            Log(threshold: .error, environment: environment).error(message)
        } else {
            var text = message + "\n"
            text.withUTF8 { bytes in _ = write(2, bytes.baseAddress, bytes.count) }
        }
        exit(status)
    }
}
