import APIMachinery

// Reads the members of a request's body. An error names the member, what it must be, and what it is.

extension JSONValue {
    /// The member, which must be a text.
    func text(_ name: String) throws -> String {
        guard let value = self[name] else { throw Status.badRequest("\"\(name)\" is missing") }
        guard let text = value.stringValue else {
            throw Status.badRequest("\"\(name)\" must be a string, not \(value.typeName)")
        }
        return text
    }

    /// The member, which must be an object if it is there.
    func object(_ name: String) throws -> JSONValue {
        guard let value = self[name], !value.isNull else { return [:] }
        guard case .object = value else {
            throw Status.badRequest("\"\(name)\" must be an object, not \(value.typeName)")
        }
        return value
    }

    /// The member, which must be a whole number within the bounds if it is there.
    func integer(_ name: String, default fallback: Int, in bounds: ClosedRange<Int>) throws -> Int {
        guard let value = self[name], !value.isNull else { return fallback }
        if let number = UntrustedNumber(value)?.integer(in: bounds) { return number }
        throw Status.badRequest(
            "\"\(name)\" must be an integer from \(bounds.lowerBound) to \(bounds.upperBound), not \(value.text.prefix(40))"
        )
    }

    /// The member, which must be a number within the bounds if it is there; `path` is where this object stands.
    func number(_ name: String, default fallback: Double, in bounds: ClosedRange<Double>, path: String) throws -> Double
    {
        guard let value = self[name], !value.isNull else { return fallback }
        if let number = UntrustedNumber(value)?.real(in: bounds) { return number }
        throw Status.badRequest(
            "\"\(path).\(name)\" must be a number from \(JSONWriter.format(bounds.lowerBound)) to "
                + "\(JSONWriter.format(bounds.upperBound)), not \(value.text.prefix(40))"
        )
    }

    /// The member, which must be a list if it is there.
    func list(_ name: String) throws -> [JSONValue] {
        guard let value = self[name], !value.isNull else { return [] }
        guard let list = value.arrayValue else {
            throw Status.badRequest("\"\(name)\" must be a list, not \(value.typeName)")
        }
        return list
    }
}
