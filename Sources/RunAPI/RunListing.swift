import APIMachinery
import Hummingbird
import RunEngine
import Storage

/// Reads the query of a list: `limit`, `continue`, `phase` (several with commas), `workflow`, `since`, `label`.
enum RunListing {
    static func query(_ request: Request, namespace: String) throws -> RunQuery {
        let parameters = request.uri.queryParameters
        var query = RunQuery(namespace: namespace)
        if let text = parameters["limit"] {
            guard let limit = Int(text), (1...1000).contains(limit) else {
                throw Status.badRequest("limit must be 1 to 1000, not \"\(text)\"")
            }
            query.limit = limit
        }
        if let text = parameters["continue"] {
            guard let id = Int64(text) else { throw Status.badRequest("continue must be the token of an earlier list") }
            query.order = .newest(before: id)
        }
        query.workflow = parameters["workflow"].map(String.init)
        for name in parameters["phase"].map({ $0.split(separator: ",") }) ?? [] {
            guard let phase = RunRecord.Phase(name: String(name)) else {
                let names = RunRecord.Phase.allCases.map(\.name).joined(separator: ", ")
                throw Status.badRequest("unknown phase \"\(name)\"; phases are \(names)")
            }
            query.phases.insert(phase)
        }
        if let text = parameters["since"] {
            guard let time = Timestamp(rfc3339: String(text)) else {
                throw Status.badRequest("since must be a time such as 2026-01-02T03:04:05Z, not \"\(text)\"")
            }
            query.createdSince = time
        }
        var labels: [String: String] = [:]
        for pair in parameters.getAll("label") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw Status.badRequest("label must be NAME=VALUE, not \"\(pair)\"") }
            labels[String(parts[0])] = String(parts[1])
        }
        // An empty workflow is the name of none.
        if !query.select(labels: labels) { query.workflow = "" }
        return query
    }
}
