import APIMachinery
import KubeAPI
import Spec
import Testing

/// Revisions must come back exactly as they were, whatever is in them.
@Suite struct RollbackTests {
    static let first: JSONValue = [
        "version": "1.0",
        "template": [
            "spec": [
                "containers": [["name": "c", "image": "i:1", "unknownField": ["deep": [1, 2.5, "x"]]]],
                "nodeSelector": ["disk": "ssd"],
            ]
        ],
    ]
    static let second: JSONValue = [
        "version": "2.0", "concurrency": 8,
        "template": [
            "metadata": ["annotations": ["martinet.dev/restartedAt": "2026-01-02T03:04:05Z"]],
            "spec": ["containers": [["name": "c", "image": "i:2"]], "hostNetwork": true],
        ],
    ]

    static func pool(_ spec: JSONValue) -> Unstructured {
        var spec = spec
        spec["replicas"] = 7
        spec["queue"] = ["maxDepth": 5]
        return Unstructured([
            "apiVersion": "martinet.dev/v1alpha1", "kind": "WorkerPool",
            "metadata": ["name": "p", "namespace": "ns", "resourceVersion": "42"], "spec": spec,
        ])
    }

    static func revision(_ number: Int64, _ spec: JSONValue) -> ControllerRevision {
        let revision = PoolRevision(of: pool(spec))
        let hash = revision.hash()
        return ControllerRevision(
            metadata: ObjectMeta(name: "p-\(hash)", labels: revision.labels(pool: "p", hash: hash)),
            data: revision.data,
            revision: number
        )
    }

    static let revisions = [revision(1, first), revision(2, second)]

    @Test(arguments: [Rollback.Target.previous, .version("1.0"), .revision(1), .hash(revisions[0].revisionHash)])
    func restoresExactly(_ target: Rollback.Target) throws {
        let pool = Self.pool(Self.second)
        let plan = try Rollback.plan(pool, Self.revisions, to: target)
        #expect(plan.revision.revision == 1)
        #expect(!plan.isCurrent)
        let restored = Unstructured(try Patch.merge(plan.patch, into: pool.json))
        #expect(PoolRevision(of: restored).data == PoolRevision(recorded: Self.revisions[0]).data)
        #expect(PoolRevision(of: restored).hash() == Self.revisions[0].revisionHash)
        #expect(restored.json.value(at: "spec", "replicas") == 7)
        #expect(plan.patch.value(at: "metadata", "resourceVersion") == "42")
    }

    @Test func changesNothingWhereItAlreadyIs() throws {
        let plan = try Rollback.plan(Self.pool(Self.second), Self.revisions, to: .version("2.0"))
        #expect(plan.isCurrent)
        #expect(plan.patch["spec"] == [:])
    }

    @Test(arguments: [
        (
            Rollback.Target.version("9"),
            "no revision with version \"9\"; the recorded revisions are: 1 (version 1.0), 2 (version 2.0)"
        ),
        (.revision(3), "no revision 3; the recorded revisions are: 1 (version 1.0), 2 (version 2.0)"),
    ])
    func namesWhatThereIs(_ target: Rollback.Target, _ message: String) {
        let failure = #expect(throws: Rollback.Failure.self) {
            try Rollback.plan(Self.pool(Self.second), Self.revisions, to: target)
        }
        #expect(failure?.description == "workerpool/p has \(message)")
    }

    @Test func previousNeedsAnother() {
        #expect(throws: Rollback.Failure.self) {
            try Rollback.plan(Self.pool(Self.first), [Self.revisions[0]], to: .previous)
        }
    }

    @Test func recordsTheCause() throws {
        let cause = Rollback.Cause(from: "bad", text: "CrashLoopBackOff: it crashes")
        let pool = Self.pool(Self.second)
        let plan = try Rollback.plan(pool, Self.revisions, to: .revision(1), cause: cause)
        let annotations = Unstructured(try Patch.merge(plan.patch, into: pool.json)).annotations
        #expect(annotations[Rollback.fromAnnotation] == "bad")
        #expect(annotations[Rollback.toAnnotation] == Self.revisions[0].revisionHash)
        #expect(annotations[Rollback.reasonAnnotation] == "CrashLoopBackOff: it crashes")
    }

    @Test func hashesDifferByContentAndByCollision() {
        let hashes = [
            PoolRevision(of: Self.pool(Self.first)).hash(), PoolRevision(of: Self.pool(Self.second)).hash(),
            PoolRevision(of: Self.pool(Self.first)).hash(collisions: 1),
        ]
        #expect(Set(hashes).count == 3)
        #expect(hashes.allSatisfy { $0.utf8.count == 8 && Validation.labelValue($0).isEmpty })
    }

    @Test func longNamesBecomeLabels() {
        let a = PoolRevision.labelValue(String(repeating: "a", count: 100))
        let b = PoolRevision.labelValue(String(repeating: "a", count: 101))
        #expect(Validation.labelValue(a).isEmpty)
        #expect(a != b)
        #expect(PoolRevision.labelValue("short") == "short")
    }

    @Test func historyIsNewestFirst() {
        var pool = Self.pool(Self.second)
        pool.json["status"] = ["currentRevision": .string(Self.revisions[0].revisionHash)]
        let entries = RevisionHistory.entries(of: pool, Self.revisions)
        #expect(entries.map(\.revision) == [2, 1])
        #expect(entries.map(\.isWanted) == [true, false])
        #expect(entries.map(\.isCurrent) == [false, true])
        #expect(entries[0].restartedAt == "2026-01-02T03:04:05Z")
        #expect(entries[1].images == ["i:1"])
        // A later change keeps the annotation and is no restart.
        var third = Self.second
        third["concurrency"] = 9
        let more = RevisionHistory.entries(of: pool, Self.revisions + [Self.revision(3, third)])
        #expect(more.map(\.restartedAt) == [nil, "2026-01-02T03:04:05Z", nil])
    }
}
