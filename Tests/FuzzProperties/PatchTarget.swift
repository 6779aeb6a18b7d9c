import APIMachinery
import TestSupport

extension FuzzTarget {
    /// Patches of the three kinds: the document in the first line, the patch in the second.
    static let patch = FuzzTarget(
        name: "patch",
        seeds: {
            try Golden.cases("patch.json").map { vector in
                seed((vector["doc"] ?? .null).text, vector["patchText"]?.stringValue ?? (vector["patch"] ?? .null).text)
            }
        },
        check: { bytes in
            let lines = parts(bytes, 2)
            guard let document = try? JSONValue(parsing: lines[0]) else { return }
            _ = try? Patch.json(lines[1], to: document)
            _ = try? Patch.merge(lines[1], into: document)
            guard let patch = try? JSONValue(parsing: lines[1]) else { return }
            try checkMerge(patch, document)
            try checkSteps(patch, document)
            for schema in schemas { try checkStrategic(patch, document, schema) }
        }
    )

    private static let schemas =
        ["Pod", "ConfigMap", "Node"].compactMap {
            StrategicMergeSchema.builtIn(group: "", kind: $0)
        } + [.plain]

    /// The same patch twice is the patch once; and a patch made of two documents leads from one to the other.
    private static func checkMerge(_ patch: JSONValue, _ document: JSONValue) throws {
        guard case .object = patch else {
            try expect((try? Patch.merge(patch, into: document)) == nil, "a merge patch must be an object")
            return
        }
        guard let merged = try? Patch.merge(patch, into: document) else { return }
        let twice = try expectSuccess("a merge patch applies once only") { try Patch.merge(patch, into: merged) }
        try expect(twice == merged, "twice gives \(twice.text), once \(merged.text)")

        guard case .object = document, !hasNull(document), !hasNull(merged) else { return }
        guard let made = Patch.mergePatch(from: document, to: merged) else {
            try expect(document == merged, "no patch leads from \(document.text) to \(merged.text)")
            return
        }
        try expect(
            try Patch.merge(made, into: document) == merged,
            "\(made.text) does not lead from \(document.text) to \(merged.text)"
        )
    }

    private static func hasNull(_ value: JSONValue) -> Bool {
        switch value {
        case .null: true
        case .array(let elements): elements.contains(where: hasNull)
        case .object(let members): members.contains { hasNull($0.value) }
        default: false
        }
    }

    /// All steps at once are the steps one by one, and what comes of them is no deeper than any document.
    private static func checkSteps(_ patch: JSONValue, _ document: JSONValue) throws {
        guard case .array(let steps) = patch else { return }
        guard let result = try? Patch.json(patch, to: document) else { return }
        _ = try expectSuccess("what a patch makes cannot be read") { try JSONValue(parsing: result.bytes) }
        guard steps.count <= 16 else { return }
        var state = document
        for step in steps {
            state = try expectSuccess("a step fails alone: \(step.text)") { try Patch.json([step], to: state) }
        }
        try expect(state == result, "step by step gives \(state.text), at once \(result.text)")
    }

    /// Without directives and lists, and where nothing is null, a strategic patch is a merge patch.
    private static func checkStrategic(_ patch: JSONValue, _ document: JSONValue, _ schema: StrategicMergeSchema) throws
    {
        guard let result = try? Patch.strategic(patch, to: document, schema: schema) else { return }
        try expect(
            try Patch.strategic(patch, to: document, schema: schema) == result,
            "the same patch gives different results"
        )
        guard case .object = patch, case .object = document, isPlain(patch), isPlain(document) else { return }
        try expect(
            try Patch.merge(patch, into: document) == result,
            "\(patch.text) on \(document.text) gives \(result.text)"
        )
    }

    private static func isPlain(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .array: false
        case .object(let members): members.allSatisfy { !$0.key.hasPrefix("$") && isPlain($0.value) }
        default: true
        }
    }
}
