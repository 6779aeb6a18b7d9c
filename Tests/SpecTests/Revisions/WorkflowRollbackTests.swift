import APIMachinery
import KubeAPI
import Spec
import Testing

/// Bringing a workflow back to an earlier revision.
@Suite struct WorkflowRollbackTests {
    static func revision(_ number: Int64, pool: String) -> ControllerRevision {
        ControllerRevision(
            metadata: ObjectMeta(name: "w-\(number)"),
            data: ["spec": ["pool": .string(pool), "steps": [["id": "a", "actor": "noop"]]]],
            revision: number
        )
    }

    static let workflow = Unstructured([
        "metadata": ["name": "w", "resourceVersion": "7"],
        "spec": ["pool": "three", "steps": [["id": "a", "actor": "noop"]], "priority": 3],
    ])
    static let revisions = [revision(2, pool: "two"), revision(1, pool: "one")]

    @Test func previous() throws {
        let plan = try WorkflowRollback(Self.workflow, Self.revisions, toRevision: nil)
        #expect(plan.revision.revision == 2)
        #expect(plan.patch == ["metadata": ["resourceVersion": "7"], "spec": ["pool": "two", "priority": .null]])
    }

    @Test func byNumber() throws {
        #expect(try WorkflowRollback(Self.workflow, Self.revisions, toRevision: 1).revision.revision == 1)
        let error = #expect(throws: WorkflowRollback.Failure.self) {
            try WorkflowRollback(Self.workflow, Self.revisions, toRevision: 9)
        }
        #expect(error?.description == "workflow/w has no revision 9; the recorded revisions are: 1, 2")
    }

    @Test("Nothing is changed for the revision that the workflow already is at")
    func current() throws {
        var workflow = Self.workflow
        workflow.json["spec"] = Self.revisions[0].data?["spec"]
        #expect(try WorkflowRollback(workflow, Self.revisions, toRevision: 2).patch == nil)
    }
}
