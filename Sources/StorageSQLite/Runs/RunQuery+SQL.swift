import APIMachinery
import GRDB
import Storage

extension SQLiteRunReader {
    func runs(_ query: RunQuery) throws -> [RunRecord] {
        var result: [RunRecord] = []
        try forEach(query) { run in
            result.append(run)
            return result.count < query.limit
        }
        return result
    }

    func count(_ query: RunQuery) throws -> Int {
        if query.labels.isEmpty {
            let (filter, values) = Self.filter(query)
            var statement = try prepare("SELECT count(*) FROM runs\(filter)")
            Self.bind(values, to: &statement)
            return min(try statement.first { $0.int() } ?? 0, max(0, query.limit))
        }
        var count = 0
        try forEach(query) { _ in
            count += 1
            return count < query.limit
        }
        return count
    }

    func phaseCounts() throws -> [NamespacedName: [RunRecord.Phase: Int]] {
        var counts: [NamespacedName: [RunRecord.Phase: Int]] = [:]
        try prepare("SELECT namespace, workflow, phase, count(*) FROM runs GROUP BY 1, 2, 3").forEach { columns in
            let workflow = NamespacedName(namespace: columns.text(), name: columns.text())
            counts[workflow, default: [:]][try columns.value(RunRecord.Phase.self)] = columns.int()
            return true
        }
        return counts
    }

    /// Hands the matching runs over one by one until the closure has enough.
    private func forEach(_ query: RunQuery, _ body: (RunRecord) -> Bool) throws {
        guard query.limit > 0 else { return }
        let (filter, values) = Self.filter(query)
        let order =
            switch query.order {
            case .name: "namespace, name"
            case .newest: "id DESC"
            }
        var statement = try prepare("SELECT \(Self.runColumns) FROM runs\(filter) ORDER BY \(order)")
        Self.bind(values, to: &statement)
        // Labels are compared here; they are too free for an index, and the other filters narrow first.
        try statement.forEach { columns in
            let run = try Self.readRun(&columns)
            return query.matches(run) ? body(run) : true
        }
    }

    private static func bind(_ values: [Value], to statement: inout PreparedStatement) {
        for value in values {
            switch value {
            case .text(let text): statement.bind(text)
            case .integer(let number): statement.bind(number)
            }
        }
    }

    /// The condition that rows must meet, as far as SQL can say it, and its values.
    private static func filter(_ query: RunQuery) -> (sql: String, values: [Value]) {
        var conditions: [String] = []
        var values: [Value] = []
        if let namespace = query.namespace {
            conditions.append("namespace = ?")
            values.append(.text(namespace))
        }
        if let workflow = query.workflow {
            conditions.append("workflow = ?")
            values.append(.text(workflow))
        }
        if !query.phases.isEmpty {
            let numbers = query.phases.map { String($0.rawValue) }.sorted().joined(separator: ", ")
            conditions.append("phase IN (\(numbers))")
            // Lets SQLite use the short index of active runs where that is all that is wanted.
            if !query.phases.contains(where: \.isFinal) { conditions.append("finished_at IS NULL") }
        }
        if let since = query.createdSince {
            conditions.append("created_at >= ?")
            values.append(.integer(since.microseconds))
        }
        switch query.order {
        case .name(let after):
            if let after {
                conditions.append("(namespace, name) > (?, ?)")
                values.append(.text(after.namespace))
                values.append(.text(after.name))
            }
        case .newest(let before):
            if let before {
                conditions.append("id < ?")
                values.append(.integer(before))
            }
        }
        return (conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND "), values)
    }

    private enum Value {
        case text(String)
        case integer(Int64)
    }
}
