import Glibc
import Storage

/// What ends a measurement without a figure.
struct BenchError: Error, CustomStringConvertible {
    let description: String
}

/// The command line: which part is measured, where and how much.
struct BenchOptions: Sendable {
    var part = ""
    var directory = "/var/tmp"
    /// Jobs of the largest state, or lines of the file.
    var jobCount = 0
    /// How often `switcher` repeats each measurement, with other random numbers.
    var seedCount = 10
    var printsJSON = false
    /// The control socket of a running londid, for `latency` and `paper`.
    var socket: String?
    /// Of the paper, for `paper`.
    var figure = 0
    /// Another level for a figure of BabyAI-Text; nil: the figure's own.
    var level: String?
    /// Where `paper` writes, and as what; nil: the figure's own name.
    var results = "."
    var name: String?
    /// Of a figure only its bounds and fitted-q, for a swapped model.
    var isBrief = false
    /// Episodes from which `paper` has the Switcher learn, and those that each policy meets.
    var trainingCount = 500
    var episodeCount = 100

    static let help = """
        londi-bench - measures Londi's books and its Switcher on this machine, each figure beside its own baseline

        Usage: londi-bench queue|budget|recovery|import|list|latency|switcher|paper [options]

          queue      claim and complete jobs that do nothing, against a raw C loop over the same statements
          budget     begin and finish DEEPTHINK steps with a reservation, 64 jobs in turn
          recovery   from kill -9 with 64 running jobs to a socket that takes connections
          import     a batch file through the daemon's checks into the store, and by londictl
          list       londictl's list of many jobs and its status: to the first byte, and the memory they take
          latency    from submitting to an idle londid (--socket) to the start of the job
          switcher   each kind of switcher on simulated jobs: quality against DEEPTHINK calls
          paper      an experiment of the paper (--figure) through a londid (--socket) that has its environment and pair

          --directory DIR   where to work; DIR/londi-bench-* is made and removed (default /var/tmp)
          --jobs N          jobs of the state, or lines of the file
          --seeds N         repetitions of switcher (default 10)
          --socket PATH     the control socket of an idle londid whose models are ready
          --figure N        the paper's figure: 1, 3 or 4
          --level NAME      of BabyAI-Text, for figure 4 (default MixedTrainLocal)
          --results DIR     where its CSV, SVG and table go (default the working directory)
          --name NAME       of these files (default figure-N)
          --brief           only always-quick, always-deepthink and fitted-q
          --training N      episodes to learn from (default 500)
          --episodes N      episodes that each policy meets (default 100)
          --json            one object instead of text

        recovery, import and list run the londid and londictl that lie beside londi-bench.
        """

    init(_ arguments: [String]) throws(BenchError) {
        var rest = arguments[...]
        func value(of option: String) throws(BenchError) -> String {
            guard let value = rest.popFirst() else { throw BenchError(description: "\(option) needs a value") }
            return value
        }
        func count(_ text: String, of option: String, atLeast least: Int) throws(BenchError) -> Int {
            guard let count = Int(text), count >= least else {
                throw BenchError(description: "\(option) is '\(text)'; use a whole number of \(least) or more")
            }
            return count
        }
        while let argument = rest.popFirst() {
            switch argument {
            case "--directory": directory = try value(of: argument)
            case "--socket": socket = try value(of: argument)
            case "--results": results = try value(of: argument)
            case "--name": name = try value(of: argument)
            case "--level": level = try value(of: argument)
            case "--brief": isBrief = true
            case "--figure": figure = try count(try value(of: argument), of: argument, atLeast: 1)
            case "--training": trainingCount = try count(try value(of: argument), of: argument, atLeast: 1)
            case "--episodes": episodeCount = try count(try value(of: argument), of: argument, atLeast: 2)
            case "--json": printsJSON = true
            case "--jobs": jobCount = try count(try value(of: argument), of: argument, atLeast: 1000)
            case "--seeds": seedCount = try count(try value(of: argument), of: argument, atLeast: 2)
            case _ where part.isEmpty && !argument.hasPrefix("-"): part = argument
            default: throw BenchError(description: "'\(argument)' is unknown; see londi-bench --help")
            }
        }
    }
}

/// Runs one part and prints what it found.
enum Bench {
    static func run(arguments: [String]) async -> Int32 {
        if arguments.isEmpty || arguments.contains("--help") {
            print(BenchOptions.help)
            return arguments.isEmpty ? 64 : 0
        }
        do {
            let options = try BenchOptions(arguments)
            var report = Report(machine: try Machine(), place: try Place(options.directory))
            switch options.part {
            case "queue": try await QueueBench(options: options).run(&report)
            case "budget": try await BudgetBench(options: options).run(&report)
            case "recovery": try await RecoveryBench(options: options).run(&report)
            case "import": try await ImportBench(options: options).run(&report)
            case "list": try await ListBench(options: options).run(&report)
            case "switcher": try SwitcherBench(options: options).run(&report)
            case "latency": try await LatencyBench(options: options).run(&report)
            case "paper": try await PaperBench(options: options).run(&report)
            default: throw BenchError(description: "there is no part '\(options.part)'; see londi-bench --help")
            }
            print(options.printsJSON ? report.json : report.text, terminator: "")
            return 0
        } catch {
            let message = "londi-bench: \(error)\n"
            write(STDERR_FILENO, message, message.utf8.count)
            return 2
        }
    }
}
