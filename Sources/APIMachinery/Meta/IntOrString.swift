/// A number of 32 bits, or a text such as a percentage or the name of a port (`intstr.IntOrString`).
public enum IntOrString: Sendable, Hashable, Codable {
    case int(Int)
    case string(String)

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // What is not of one type may be of the next.
        if let number = try? container.decode(Int32.self) {
            self = .int(Int(number))
        } else if let number = try? container.decode(Int64.self) {  // or of the next type
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\(number) does not fit 32 bits"
            )
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .int(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        }
    }

    /// The number, or that share of a total, rounded as asked; `nil` if the text is not a percentage.
    public func scaled(of total: Int, roundUp: Bool) -> Int? {
        switch self {
        case .int(let number): return number
        case .string(let text):
            guard text.hasSuffix("%"), let percent = Int(text.dropLast()), percent >= 0, percent <= 1_000_000 else {
                return nil
            }
            let (product, overflow) = total.multipliedReportingOverflow(by: percent)
            guard !overflow else { return nil }
            return roundUp ? (product + 99) / 100 : product / 100
        }
    }
}
