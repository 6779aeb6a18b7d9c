/// The rules for the maps and lists of an object's metadata, with the field that each fault is in.
extension Validation {
    /// The keys and values of all annotations together may have at most this many bytes.
    public static let maximumAnnotationBytes = 256 * 1024

    /// A whole map of labels.
    public static func labels(_ labels: [String: String], at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        for (key, value) in sorted(labels) {
            errors += labelKey(key, at: path)
            errors += labelValue(value).map { .invalid(path, .string(value), $0) }
        }
        return errors
    }

    /// One label's key.
    public static func labelKey(_ key: String, at path: FieldPath) -> [FieldError] {
        qualifiedName(key).map { .invalid(path, .string(key), $0) }
    }

    /// A whole map of annotations. The prefixes of their keys may have capital letters.
    public static func annotations(_ annotations: [String: String], at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        var size = 0
        for (key, value) in sorted(annotations) {
            errors += qualifiedName(key.lowercased()).map { .invalid(path, .string(key), $0) }
            size += key.utf8.count + value.utf8.count
        }
        if size > maximumAnnotationBytes { errors.append(.tooLong(path, maximum: maximumAnnotationBytes)) }
        return errors
    }

    /// One finalizer.
    public static func finalizer(_ name: String, at path: FieldPath) -> [FieldError] {
        qualifiedName(name).map { .invalid(path, .string(name), $0) }
    }

    /// In the order of the keys, so that equal input gives equal messages.
    private static func sorted(_ map: [String: String]) -> [(key: String, value: String)] {
        map.sorted { $0.key.compareBytes(to: $1.key) < 0 }
    }
}
