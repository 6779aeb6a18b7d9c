import APIMachinery
import Testing

/// What an answer says of many faults at once.
@Suite struct StatusTests {
    private func invalid(_ count: Int) -> Status {
        let errors = (0..<count).map {
            FieldError(reason: .typeInvalid, field: "spec.list[\($0)]", body: "Invalid value: \($0)")
        }
        return .invalid(group: "example.com", kind: "List", name: "x", errors: errors)
    }

    @Test func equalMessagesAreToldOnce() {
        let error = FieldError(reason: .invalid, field: "spec.a", body: "Invalid value: 1")
        let status = Status.invalid(group: "", kind: "Pod", name: "x", errors: [error, error])
        #expect(status.message == "Pod \"x\" is invalid: spec.a: Invalid value: 1")
        #expect(status.details?.causes?.count == 2)
    }

    @Test func upToTheLimitAllErrorsAreTold() {
        let status = invalid(Status.mostErrors)
        #expect(status.details?.causes?.count == Status.mostErrors)
        #expect(
            status.message?.hasSuffix("spec.list[\(Status.mostErrors - 1)]: Invalid value: \(Status.mostErrors - 1)]")
                == true
        )
    }

    /// A small body can have hundreds of thousands of faults: the answer must not take the square of their number, nor
    /// be many times as large as the body.
    @Test func manyErrorsMakeABoundedAnswer() {
        let status = invalid(300_000)
        #expect(status.details?.causes?.count == Status.mostErrors)
        #expect(status.message?.hasSuffix(", and \(300_000 - Status.mostErrors) more errors]") == true)
    }

    @Test func manyValuesOfASelectorAreEachKeptOnce() throws {
        let values = (0..<40_000).map { "v\($0)" }
        let selector = try Selector(parsing: "a in (\((values + values).joined(separator: ",")))")
        #expect(selector.matches(["a": "v39999"]))
        #expect(!selector.matches(["a": "v40000"]))
    }
}
