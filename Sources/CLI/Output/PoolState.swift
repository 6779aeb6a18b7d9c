import APIMachinery

/// A pool's state in a word: the reason of its worst condition, as its `STATUS` column has it.
struct PoolState: Equatable {
    /// The reason; `-` before the controller has looked at the pool.
    let reason: String
    let style: Terminal.Style?

    init(_ status: JSONValue?) {
        let conditions = status?["conditions"]?.arrayValue ?? []
        let progressing = conditions.first { $0["type"]?.stringValue == "Progressing" }
        // An older controller writes no reason of its own.
        reason = status?["reason"]?.stringValue ?? progressing?["reason"]?.stringValue ?? "-"
        let told = conditions.first { [reason] in $0["reason"]?.stringValue == reason }
        switch (told?["type"]?.stringValue ?? "", told?["status"]?.stringValue ?? "") {
        case ("Progressing", "True"), ("Available", "True"): style = .green
        case ("ScalingActive", "False"), ("ScaledToZero", _): style = .dim
        case (_, "Unknown"), ("RolledBack", _), ("OutOfMemory", _): style = .yellow
        case ("", _): style = nil
        default: style = .red
        }
    }
}
