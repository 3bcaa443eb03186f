import Domain

/// Turns what the Switcher sees before a step into numbers: the readable features, which all encoders share, and what it
/// makes of the texts. Encoders plug in by name.
///
/// The two parts come apart since the texts are known before a step's transaction, and reading them may ask a model, while
/// what is left of the budget is known only within it.
package protocol FeatureEncoder: Sendable {
    /// Names the features' meaning, as `KIND-vVERSION-SIZE`: a policy fits only the encoder whose identity it carries.
    var identity: String { get }

    /// What each feature of the texts is, in the vector's order; a person cannot read more out of them.
    var textNames: [String] { get }
}

extension FeatureEncoder {
    /// What each feature is, in the vector's order.
    package var featureNames: [String] { HashedEncoder.denseNames + textNames }

    /// The number of features in a vector.
    package var featureCount: Int { HashedEncoder.denseNames.count + textNames.count }

    /// The features of one state, `featureCount` of them, all finite.
    /// - Parameter text: what the encoder made of the state's texts, one number for each of `textNames`.
    package func encode(_ state: SwitcherState, text: [Float]) -> [Float] {
        precondition(text.count == textNames.count, "\(text.count) features of a text, not \(textNames.count)")
        return HashedEncoder.dense(state) + text
    }
}

/// The version of every encoder's features. Of the readable ones a later version only adds to their end, so that what was
/// learnt about the first of them under another encoder stays true.
let encoderVersion = "v3"

/// How many readable features an encoder of any version begins with.
private let readableCounts = ["v1": 20, "v2": 34, "v3": 34]

/// How many features at the beginning mean the same to two encoders: the readable ones that both have.
/// - Returns: 0 where either is no identity of an encoder that this Londi knows.
package func sharedFeatureCount(_ encoder: String, _ other: String) -> Int {
    func readable(_ identity: String) -> Int {
        let parts = identity.parts(at: "-", most: 3)
        return parts.count == 3 ? readableCounts[String(parts[1])] ?? 0 : 0
    }
    return min(readable(encoder), readable(other))
}
