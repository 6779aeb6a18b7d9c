import APIMachinery
import KubeClient
import Spec

/// Lists of runs as ctl shows them: the newest first, and no more than are shown. There may be a hundred thousand.
enum RunLists {
    /// What a server sends at once in this order.
    private static let maximumPage = 1000

    /// The newest runs, and how many more there are.
    ///
    /// - Parameters:
    ///   - limit: at most so many; 0 for all.
    ///   - isBrief: leaves the steps' outputs out.
    static func newest(
        _ client: KubeClient,
        namespace: String,
        _ options: ListOptions,
        limit: Int,
        isBrief: Bool
    ) async throws -> (runs: [Unstructured], more: Int) {
        var options = options
        if isBrief { options.parameters["brief"] = "true" }
        if (1...maximumPage).contains(limit), let page = try await page(client, namespace, options, limit: limit) {
            return (page.items, Int(page.remaining ?? 0))
        }
        let all = try await client.listAll(WorkflowRun.resource, namespace: namespace, options).items
        let sorted = all.sorted {
            ($0.creationTimestamp ?? .init(seconds: 0), $0.name) > ($1.creationTimestamp ?? .init(seconds: 0), $1.name)
        }
        let shown = limit > 0 ? Array(sorted.prefix(limit)) : sorted
        return (shown, sorted.count - shown.count)
    }

    /// How many runs are in each phase.
    static func counts(_ client: KubeClient, namespace: String) async throws -> [String: Int64] {
        var counts: [String: Int64] = [:]
        for phase in RunPhase.allCases {
            var options = ListOptions(fieldSelector: "status.phase=\(phase.rawValue)")
            options.parameters["brief"] = "true"
            let count: Int64
            if let page = try await page(client, namespace, options, limit: 1) {
                count = Int64(page.items.count) + (page.remaining ?? 0)
            } else {
                count = Int64(try await client.listAll(WorkflowRun.resource, namespace: namespace, options).items.count)
            }
            if count > 0 { counts[phase.rawValue] = count }
        }
        return counts
    }

    /// The newest runs in one page; `nil` if the server cannot select them in this order.
    private static func page(
        _ client: KubeClient,
        _ namespace: String,
        _ options: ListOptions,
        limit: Int
    ) async throws -> ObjectList<Unstructured>? {
        var options = options
        options.limit = limit
        options.parameters["order"] = "newest"
        do {
            let page = try await client.list(WorkflowRun.resource, namespace: namespace, options)
            // A server that does not know the order goes on by name.
            return page.continueToken == nil ? page : nil
        } catch let status as Status where status.code == 400 {
            return nil
        }
    }
}
