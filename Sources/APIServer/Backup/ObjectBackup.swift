import APIMachinery
import Storage

/// The objects of the API as a part of a backup.
struct ObjectBackup: BackupPart {
    let core: ServerCore
    /// Called after a restoration, while the server runs: applies what every start applies.
    let afterwards: @Sendable () async throws -> Void

    func write(to writer: BackupWriter) async throws {
        try await core.store.read { reader in try ObjectRestoration.write(reader, to: writer) }
    }

    func restore(_ backup: BackupFile, isDryRun: Bool) async throws -> [RestoreCount] {
        let restoration = ObjectRestoration { DocumentEncoder.encode($0) }
        if isDryRun { return try await core.store.read { try restoration.plan(backup, over: $0) } }
        let before = definitions
        let counts = try await core.store.transaction { try restoration.apply(backup, to: $0) }
        guard core.customResources != nil else { return counts }
        // Kinds that came or went are served or withdrawn before anybody is answered.
        for name in before.union(definitions).sorted() {
            await core.didWrite(CustomResourceDefinitions.storageKey, name: name)
        }
        try await afterwards()
        return counts
    }

    private var definitions: Set<String> {
        var names: Set<String> = []
        core.existingCache(CustomResourceDefinitions.storageKey)?.snapshot().objects.forEach { object in
            names.insert(object.name)
            return true
        }
        return names
    }
}
