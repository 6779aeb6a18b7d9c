import APIMachinery
import Hummingbird

/// The names in a request's path.
struct PathParameters {
    private let lookUp: (String) -> String?

    init(_ context: some RequestContext) {
        let parameters = context.parameters
        lookUp = { name in parameters.get(name) }
    }

    subscript(name: String) -> String {
        get throws {
            guard let value = lookUp(name), !value.isEmpty else {
                throw Status.badRequest("the path has no \(name)")
            }
            return value
        }
    }
}
