import Control
import Domain
import Testing

@testable import londictl

/// What `top` makes of two looks.
@Suite struct `A frame of top` {
    private static func look(second: Int64, quickTokens: Int64) -> TopLook {
        TopLook(
            at: MessageSamples.now.advanced(byMilliseconds: second * 1000),
            status: .init(
                version: "1", epoch: 1, startedAt: MessageSamples.now, now: MessageSamples.now, stateDirectory: "/s",
                isUserMode: true, queueCount: 1, jobs: JobCounts(), engines: [MessageSamples.engine]),
            queues: [MessageSamples.queueView], budgets: [], running: [],
            spend: SpendRow(jobs: 1, quick: Spend(tokens: quickTokens), deepthink: .zero))
    }

    @Test func `tells the speed of a model since the look before`() {
        let first = Self.look(second: 0, quickTokens: 1000)
        let frame = TopFrame(look: Self.look(second: 4, quickTokens: 1100), before: first)
        #expect(frame.speed(.quick) == 25)
        #expect(frame.speed(.deepthink) == 0)
        #expect(frame.speed(.encoder) == nil)
    }

    @Test func `tells no speed without a look before or where the day has turned in between`() {
        let first = Self.look(second: 0, quickTokens: 1000)
        #expect(TopFrame(look: first, before: nil).speed(.quick) == nil)
        #expect(TopFrame(look: Self.look(second: 4, quickTokens: 10), before: first).speed(.quick) == nil)
    }
}
