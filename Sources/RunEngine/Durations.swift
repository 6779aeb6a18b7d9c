import Basics

extension Timestamp {
    /// That many seconds later.
    func advanced(bySeconds seconds: Int) -> Timestamp { advanced(by: .seconds(seconds)) }
}

extension Duration {
    /// The duration in seconds, with fraction.
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    /// The duration in milliseconds, with fraction.
    var inMilliseconds: Double { inSeconds * 1000 }
}
