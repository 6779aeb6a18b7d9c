import APIMachinery
import ControllerRuntime
import KubeAPI
import KubeClient
import Synchronization

/// What was last written to the Secrets of the runners' tokens, until the cache shows it.
final class SecretWrites: Sendable {
    /// How long a write that the cache does not show is believed.
    static let patience = Duration.seconds(5)

    /// The version that the server answered with; `nil` if it refused.
    private let writes = Mutex<[NamespacedName: (version: Int64?, token: String, time: Timestamp)]>([:])

    /// Whether the pool's token must be written, given the Secret that the cache shows.
    func isNeeded(_ pool: NamespacedName, _ secret: Secret?, key: String, token: String, now: Timestamp) -> Bool {
        if secret?.holds(token, key) == true {
            writes.withLock { $0[pool] = nil }
            return false
        }
        guard let written = writes.withLock({ $0[pool] }), written.token == token else { return true }
        // The cache shows something newer than the write: somebody else has changed it since.
        if let version = secret?.metadata.resourceVersion.flatMap({ Int64($0) }), let mine = written.version,
            version > mine
        {
            return true
        }
        return now >= written.time.advanced(by: Self.patience)
    }

    /// The token was written, and the server answered with that Secret.
    func didWrite(_ pool: NamespacedName, _ secret: Secret, token: String, now: Timestamp) {
        let version = secret.metadata.resourceVersion.flatMap { Int64($0) } ?? 0
        writes.withLock { $0[pool] = (version, token, now) }
    }

    /// The token could not be written; it is tried again after a while.
    func didFail(_ pool: NamespacedName, token: String, now: Timestamp) {
        writes.withLock { $0[pool] = (nil, token, now) }
    }

    /// Whether a write still waits to be seen, or to be tried again.
    func isWaiting(_ pool: NamespacedName) -> Bool { writes.withLock { $0[pool] != nil } }

    func forget(_ pool: NamespacedName) { writes.withLock { $0[pool] = nil } }
}

extension Secret {
    /// Whether it holds that text under that key.
    fileprivate func holds(_ text: String, _ key: String) -> Bool {
        if let value = stringData?[key] { return value == text }
        return data?[key].flatMap { Base64.decode($0, allowing: .lineBreaks) } == Array(text.utf8)
    }
}

extension PoolLook {
    /// Sees to it that the namespace's Secret holds the token of the pool's runners, if that is ours to do. It is made
    /// again when it is gone or the pool's key is missing.
    ///
    /// A Secret that cannot be written keeps new runners from starting, which their Pods say; it is no reason to leave
    /// the others alone.
    mutating func ensureSecret() async {
        let settings = reconciler.settings
        guard let token = settings.runnerToken?(pool.namespace, pool.name) else { return }
        let key = settings.tokenKey(ofPool: pool.name)
        let cached = reconciler.source.secret(NamespacedName(namespace: pool.namespace, name: settings.tokenSecret))
        guard reconciler.secrets.isNeeded(name, cached, key: key, token: token, now: now) else {
            if reconciler.secrets.isWaiting(name) { recheck(after: SecretWrites.patience) }
            return
        }
        do {
            let written = try await writeSecret(settings.tokenSecret, key: key, token: token)
            reconciler.secrets.didWrite(name, written, token: token, now: now)
            recheck(after: SecretWrites.patience)
        } catch {
            reconciler.secrets.didFail(name, token: token, now: now)
            recheck(after: SecretWrites.patience)
            events.warning(
                reference,
                reason: "FailedSecret",
                "the Secret \(settings.tokenSecret), which runners need to start, could not be written: \(error)"
            )
        }
    }

    private func writeSecret(_ secretName: String, key: String, token: String) async throws -> Secret {
        let secret = Secret(
            metadata: ObjectMeta(name: secretName, namespace: pool.namespace),
            stringData: [key: token],
            type: "Opaque"
        )
        do {
            return try await client.create(secret)
        } catch let status as Status where status.reason == .alreadyExists {
            return try await client.patch(
                Secret.self,
                namespace: pool.namespace,
                name: secretName,
                .merge(["stringData": [key: .string(token)]]),
                WriteOptions(fieldManager: WorkerPoolReconciler.fieldManager)
            )
        }
    }
}
