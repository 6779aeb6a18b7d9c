/// The warnings of one request, bounded as in kube-apiserver (`endpoints/filters/warning.go`): each text once, and once
/// all of them have more than 4,096 characters, each is cut to 256 and no more come than fill that space.
///
/// Short texts could still make more headers than clients read: Python's `http.client` refuses an answer with more than
/// 100. So there are at most 90, where kube-apiserver has no bound.
struct WarningRecorder: Sendable {
    private static let mostInAll = 4096
    private static let mostEach = 256
    static let mostHeaders = 90

    /// What is to be sent, in the order in which it was added.
    private(set) var texts: [String] = []
    private var seen: Set<String> = []
    private var written = 0
    private var isTruncating = false

    /// Adds a text, unless it was added before or there is no room.
    mutating func add(_ text: String) {
        guard !text.isEmpty, !isTruncating || written < Self.mostInAll, texts.count < Self.mostHeaders,
            seen.insert(text).inserted
        else { return }
        if !isTruncating, written + text.unicodeScalars.count > Self.mostInAll {
            isTruncating = true
            texts = texts.map(Self.cut)
            written = texts.reduce(0) { $0 + $1.unicodeScalars.count }
        }
        let shown = isTruncating ? Self.cut(text) : text
        texts.append(shown)
        written += shown.unicodeScalars.count
    }

    private static func cut(_ text: String) -> String { String(text.unicodeScalars.prefix(mostEach)) }
}
