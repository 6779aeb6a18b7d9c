import APIMachinery

/// The part of metadata that belongs to the server.
enum SystemFields {
    /// Sets what every new object gets, whatever its creator says.
    static func prepareNew(_ object: inout JSONValue, strategy: any ResourceStrategy, now: Timestamp) {
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"] {
            if object["metadata"]?[field] != nil { object.set(nil, at: ["metadata", field]) }
        }
        // Kinds whose generation nobody counts keep what they are made with.
        if object["metadata"]?["generation"]?.intValue ?? 0 == 0, object["metadata"]?["generation"] != nil {
            object.set(nil, at: ["metadata", "generation"])
        }
        object.set(.string(UniqueIdentifier.make()), at: ["metadata", "uid"])
        object.set(.string(now.rfc3339), at: ["metadata", "creationTimestamp"])
        if strategy.hasGeneration { object.set(1, at: ["metadata", "generation"]) }
        dropEmpty(&object)
    }

    /// Keeps what a client's word does not change. An attempt to change what is fixed is not hidden but refused later.
    static func keep(in object: inout JSONValue, from old: JSONValue) {
        func set(_ field: String, _ value: JSONValue?) {
            if value != nil || object["metadata"]?[field] != nil { object.set(value, at: ["metadata", field]) }
        }
        func given(_ field: String) -> JSONValue? { object["metadata"]?[field].flatMap { $0.isNull ? nil : $0 } }
        for field in ["creationTimestamp", "generation", "selfLink"] { set(field, old["metadata"]?[field]) }
        if (given("uid")?.stringValue ?? "").isEmpty { set("uid", old["metadata"]?["uid"]) }
        // A deletion cannot be taken back.
        if let time = old["metadata"]?["deletionTimestamp"] { set("deletionTimestamp", time) }
        if given("deletionGracePeriodSeconds") == nil {
            set("deletionGracePeriodSeconds", old["metadata"]?["deletionGracePeriodSeconds"])
        }
        if let namespace = old["metadata"]?["namespace"] { object.set(namespace, at: ["metadata", "namespace"]) }
        dropEmpty(&object)
    }

    /// Empty maps and lists of metadata are the same as none.
    static func dropEmpty(_ object: inout JSONValue) {
        for field in [
            "labels", "annotations", "finalizers", "ownerReferences", "managedFields", "generateName", "namespace",
            "name",
        ] {
            switch object["metadata"]?[field] {
            case .null?: object.set(nil, at: ["metadata", field])
            case .object(let members)? where members.isEmpty: object.set(nil, at: ["metadata", field])
            case .array(let elements)? where elements.isEmpty: object.set(nil, at: ["metadata", field])
            case .string(let text)? where text.isEmpty: object.set(nil, at: ["metadata", field])
            default: break
            }
        }
    }

    /// A name made from a prefix and five characters that spell no words.
    static func generateName(_ prefix: String) -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        var name = String(decoding: prefix.utf8.prefix(58), as: UTF8.self)
        for _ in 0..<5 { name.append(alphabet[Int.random(in: 0..<alphabet.count)]) }
        return name
    }
}

/// Random identifiers of version 4 (RFC 9562).
enum UniqueIdentifier {
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        var high = generator.next()
        var low = generator.next()
        high = high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        low = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = Hexadecimal.text(high, width: 16) + Hexadecimal.text(low, width: 16)
        var result = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { result.append("-") }
            result.append(digit)
        }
        return result
    }
}

/// The `resourceVersion` that a client sends.
enum ResourceVersionText {
    /// The revision that it names, 0 for none.
    ///
    /// - Throws: a 500 in the words of Go's `strconv.ParseUint`, as the reference answers it, if it is no number.
    static func parse(_ text: String) throws(Status) -> UInt64 {
        if text.isEmpty { return 0 }
        let isNumber = text.utf8.allSatisfy { 48...57 ~= $0 }
        if isNumber, let number = UInt64(text) { return number }
        let problem = isNumber ? "value out of range" : "invalid syntax"
        throw Status(
            code: 500,
            reason: nil,
            message:
                "resourceVersion: Invalid value: \(GoText.quoted(text)): strconv.ParseUint: parsing "
                + "\(GoText.quoted(text)): \(problem)"
        )
    }
}
