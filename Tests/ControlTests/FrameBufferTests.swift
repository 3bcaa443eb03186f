import Control
import Testing

/// The wire is a stream: messages arrive cut anywhere. Whatever the cuts, the same messages must come out, and a
/// message that never ends must not fill the memory.
@Suite struct `Frames` {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `come out whole wherever the stream was cut`(seed: UInt64) throws {
        var random = Seeded(seed)
        let messages: [[UInt8]] = (0..<Int.random(in: 1...12, using: &random)).map { _ in
            (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 1...255, using: &random) }
        }
        let wire: [UInt8] = Array(messages.map { $0 + [0] }.joined())
        var buffer = FrameBuffer(limit: 40)
        var received: [[UInt8]] = []
        var position = 0
        while position < wire.count {
            let end = min(wire.count, position + Int.random(in: 1...17, using: &random))
            buffer.append(wire[position..<end])
            position = end
            // Sometimes several messages are left to be taken at once.
            if Bool.random(using: &random) { while let frame = try buffer.next() { received.append(frame) } }
        }
        while let frame = try buffer.next() { received.append(frame) }
        #expect(received == messages, "seed \(seed)")
        #expect(buffer.pendingCount == 0)
    }

    @Test func `of exactly the limit pass and one byte more is refused`() throws {
        var buffer = FrameBuffer(limit: 4)
        buffer.append([1, 2, 3, 4, 0])
        #expect(try buffer.next() == [1, 2, 3, 4])
        buffer.append([1, 2, 3, 4, 5, 0])
        #expect(throws: ControlError.tooLarge(what: "a message, in bytes,", limit: 4)) { try buffer.next() }
    }

    /// The refusal must not wait for an end that an attacker never sends.
    @Test func `without an end are refused as soon as they exceed the limit`() throws {
        var buffer = FrameBuffer(limit: 1000)
        buffer.append(repeatElement(7, count: 1000))
        #expect(try buffer.next() == nil)
        buffer.append([7])
        #expect(throws: ControlError.self) { try buffer.next() }
    }
}
