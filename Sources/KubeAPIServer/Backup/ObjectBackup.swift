import APIExtensions
import APIMachinery
import GenericAPIServer
import Storage

/// The objects of the API as a part of a backup.
struct ObjectBackup: BackupPart {
    let store: any ObjectStore
    let definitions: CustomResourceHandler
    /// Called after a restoration, while the server runs: applies what every start applies.
    let afterwards: @Sendable () async throws -> Void

    func write(to writer: BackupWriter) async throws {
        try await store.read { reader in try ObjectRestoration.write(reader, to: writer) }
    }

    func restore(_ backup: BackupFile, isDryRun: Bool) async throws -> [RestoreCount] {
        let restoration = ObjectRestoration { DocumentEncoder.encode($0) }
        if isDryRun { return try await store.read { try restoration.plan(backup, over: $0) } }
        let before = definitions.definitionNames
        let counts = try await store.transaction { try restoration.apply(backup, to: $0) }
        guard definitions.isLoaded else { return counts }
        // Kinds that came or went are served or withdrawn before anybody is answered.
        for name in before.union(definitions.definitionNames).sorted() { await definitions.definitionChanged(name) }
        try await afterwards()
        return counts
    }
}
