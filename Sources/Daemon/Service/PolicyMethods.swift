import Control
import Domain
import Episodes
import Generation
import Storage
import Switching

extension ControlService {
    /// The newest episodes whose states tell how much of a policy is undecided.
    private static let recentEpisodes = 200
    /// The features that are shown.
    private static let featureLimit = 12

    func addPolicies(to table: inout MethodTable) {
        table.on(ShowPolicy.self) { parameters, peer, reply throws(ControlError) in
            let policy = try await computing.run(for: peer) { () async throws(ControlError) -> PolicyView in
                try await view(of: parameters.queue, for: peer)
            }
            try await reply.send(ShowPolicy.Reply(policy: policy))
        }
        table.on(ListPolicyVersions.self) { parameters, _, reply throws(ControlError) in
            let limit = try Self.limit(parameters.limit) ?? .max
            _ = try await queue(parameters.queue)
            let (versions, state) = try await answering { () async throws(StorageError) in
                (try await reader.policyVersions(parameters.queue), try await reader.policyState(parameters.queue))
            }
            let newest = versions.reversed().prefix(limit)
            try await reply.send(
                ListPolicyVersions.Reply(
                    versions: newest.map { PolicyVersionView($0, isCurrent: $0.version == state?.version) }))
        }
    }

    /// To members the policy is shown over the states of their own jobs: a bucket's bounds are somebody's features.
    private func view(of name: QueueName, for peer: Peer) async throws(ControlError) -> PolicyView {
        let settings = try await queue(name).settings.switcher
        let (statistics, state) = try await answering { () async throws(StorageError) in
            (try await overviews.policyStatistics(name), try await reader.policyState(name))
        }
        let encoder = await knownEncoder()
        var view = PolicyView(
            queue: name, settings: settings, version: 0,
            pair: ModelPair(quick: await identity(.quick), deepthink: await identity(.deepthink)),
            encoder: encoder.identity, episodeCount: statistics.judgedEpisodeCount, meanReward: statistics.meanReward,
            steps: statistics.steps.map {
                StepCount(index: $0.index, quick: $0.quickCount, deepthink: $0.deepthinkCount)
            },
            masks: MaskReason.allCases.compactMap { reason in
                statistics.masked[reason].map { MaskCount(reason: reason, count: $0) }
            }, explorationCount: statistics.explorationCount, draftedCallCount: statistics.draftedCallCount,
            confirmedDraftCount: statistics.confirmedDraftCount, features: [], state: state)
        guard let policy = policies.policy(of: name), policy.kind == settings.kind else { return view }
        let recent = try await answering { () async throws(StorageError) in
            try await reader.trainingEpisodes(queue: name, limit: Self.recentEpisodes)
        }
        let uid = Self.visibleUser(to: peer)
        let states = recent.episodes.filter { uid ?? $0.submitter == $0.submitter }
            .flatMap { $0.steps.map(\.features) }
            .filter { $0.count == encoder.featureCount }
        let summary = PolicySummary(policy, encoder: encoder, cost: settings.cost, states: states)
        view.version = policy.version
        view.episodeCount = policy.episodeCount
        view.undecidedShare = summary.undecidedShare
        view.activationShare = summary.activationShare
        view.meanValues = summary.meanValues
        view.activations = summary.activations.map(FeatureActivation.init)
        view.features = summary.influences.prefix(Self.featureLimit).map {
            FeatureWeight(name: $0.name, difference: $0.difference)
        }
        return view
    }

    /// The model's identity; its file while its server has not told.
    private func identity(_ role: EngineRole) async -> String {
        guard case .ready(_) = pair.condition(role).state else { return pair.configuration.engine(role).title }
        return await pair.engine(role).identity
    }

    /// The encoder; by its model's file while its server has not told who it is.
    func knownEncoder() async -> any FeatureEncoder {
        guard pair.configuration.encoder != nil else { return await texts.encoder }
        return ModelEncoder(modelIdentity: await identity(.encoder))
    }
}

extension FeatureActivation {
    fileprivate init(_ activation: PolicySummary.Activation) {
        self.init(
            name: activation.name,
            buckets: activation.buckets.map {
                ActivationBucket(
                    least: $0.least, greatest: $0.greatest, steps: $0.stateCount, activated: $0.activatedCount)
            })
    }
}

extension PolicyVersionView {
    init(_ snapshot: PolicySnapshot, isCurrent: Bool) {
        self.init(
            version: snapshot.version, createdAt: snapshot.createdAt, episodeCount: snapshot.episodeCount,
            isCurrent: isCurrent, verdict: snapshot.verdict, incumbent: snapshot.incumbent,
            isImported: snapshot.isImported, sha256: snapshot.sha256,
            trial: PolicyContestant.allCases.compactMap { contestant in
                snapshot.trial[contestant].map { TrialView(contestant: contestant, estimate: $0) }
            })
    }
}
