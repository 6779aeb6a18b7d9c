import APIMachinery
import Storage

/// Runs the body, and turns what it throws into the error that the API server expects of a keeper of objects.
///
/// | thrown | becomes |
/// |---|---|
/// | `ObjectStoreError` | itself |
/// | `Status` of a conflict | `conflict`: the server reads the object again and retries |
/// | any other `Status` | `refused` with that answer for the client |
/// | `RunStoreError` | the same code |
/// | anything else | `unavailable` |
func translatingErrors<Result>(
    _ body: () async throws -> Result
) async throws(ObjectStoreError) -> Result {
    do {
        return try await body()
    } catch let error as ObjectStoreError {
        throw error
    } catch let status as Status where status.reason == .conflict {
        throw ObjectStoreError(.conflict, status.message ?? "conflict")
    } catch let status as Status {
        throw ObjectStoreError(status)
    } catch let error as RunStoreError {
        throw ObjectStoreError(error)
    } catch {
        throw ObjectStoreError(.unavailable, "\(error)")
    }
}

extension ObjectStoreError {
    /// What trouble of the run store means for objects that are kept in it.
    init(_ error: RunStoreError) {
        let code: Code =
            switch error.code {
            case .alreadyExists: .alreadyExists
            case .notFound: .notFound
            case .expired: .expired
            case .unavailable: .unavailable
            case .corrupt: .corrupt
            }
        self.init(code, error.message)
    }
}
