/// When an engine that went away is tried again, and what counts as hanging.
package struct RestartPolicy: Hashable, Sendable {
    /// The pause after the first failure; each further one doubles it, up to `longestPause`.
    package var firstPause: Duration
    package var longestPause: Duration
    /// The pause after a failure that only an administrator can end.
    package var administratorPause: Duration
    /// An engine that was ready for so long begins again with `firstPause`.
    package var stableAfter: Duration
    /// The longest wait for a server to load its model.
    package var startLimit: Duration
    /// The longest time with requests in flight and neither a token nor progress with a prompt.
    package var hangLimit: Duration
    /// The longest wait for the answer to a request that writes nothing, such as for a prompt's tokens.
    package var requestLimit: Duration
    /// How often health is asked for while a server loads, and hanging is looked for while it runs.
    package var loadingPause: Duration
    package var hangPause: Duration
    /// How long an ending server may take before it is killed.
    package var graceMilliseconds: Int

    package init(
        firstPause: Duration = .milliseconds(500), longestPause: Duration = .seconds(30),
        administratorPause: Duration = .seconds(60), stableAfter: Duration = .seconds(60),
        startLimit: Duration = .seconds(1800), hangLimit: Duration = .seconds(120),
        requestLimit: Duration = .seconds(60),
        loadingPause: Duration = .milliseconds(50), hangPause: Duration = .seconds(15), graceMilliseconds: Int = 5_000
    ) {
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.administratorPause = administratorPause
        self.stableAfter = stableAfter
        self.startLimit = startLimit
        self.hangLimit = hangLimit
        self.requestLimit = requestLimit
        self.loadingPause = loadingPause
        self.hangPause = hangPause
        self.graceMilliseconds = graceMilliseconds
    }

    /// The pause before the next start.
    /// - Parameter failures: in a row, the last included, >= 1.
    func pause(after error: GenerationError, failures: Int) -> Duration {
        if error.needsAdministrator { return administratorPause }
        var pause = firstPause
        for _ in 1..<max(1, failures) where pause < longestPause { pause *= 2 }
        return min(pause, longestPause)
    }
}
