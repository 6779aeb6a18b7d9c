/// Replaces `$(NAME)` by the variable's value, as Kubernetes does in `command`, `args` and `env`: `$$` stands for one
/// `$`, and a reference to a variable that does not exist stays as it is.
func expandVariables(in text: String, _ variables: [String: String]) -> String {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
        let byte = bytes[index]
        guard byte == UInt8(ascii: "$"), index + 1 < bytes.count else {
            result.append(byte)
            index += 1
            continue
        }
        switch bytes[index + 1] {
        case UInt8(ascii: "$"):
            result.append(byte)
            index += 2
        case UInt8(ascii: "("):
            guard let end = bytes[(index + 2)...].firstIndex(of: UInt8(ascii: ")")) else {
                result += bytes[index...index + 1]
                index += 2
                continue
            }
            let name = String(decoding: bytes[(index + 2)..<end], as: UTF8.self)
            if let value = variables[name] { result += value.utf8 } else { result += bytes[index...end] }
            index = end + 1
        default:
            result += bytes[index...index + 1]
            index += 2
        }
    }
    return String(decoding: result, as: UTF8.self)
}
