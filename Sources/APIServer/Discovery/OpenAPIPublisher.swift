import APIMachinery

/// Serves `/openapi/v2` and `/openapi/v3`.
struct OpenAPIPublisher: Sendable {
    let core: ServerCore

    func respond(_ segments: [String], _ request: APIRequest) throws(Status) -> APIResponse {
        .pathNotFound
    }
}
