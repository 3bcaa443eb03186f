/// londid's metrics in Prometheus' text format.
package enum ReadMetrics: ControlMethod {
    package static let name = "io.londi.Metrics"
    package static let needs = Authority.member

    package typealias Parameters = NoFields

    package struct Reply: Hashable, Codable, Sendable {
        package var text: String

        package init(text: String) {
            self.text = text
        }
    }
}
