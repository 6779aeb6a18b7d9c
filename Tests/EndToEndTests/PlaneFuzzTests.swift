import APIMachinery
import PlaneFuzzer
import TestSupport
import Testing

/// A short run of the whole-plane fuzzer with a fixed seed; `make fuzz` runs it for minutes with new ones.
@Suite("Plane fuzzer", .serialized)
struct PlaneFuzzTests {
    @Test("The plane lives, answers, and every run ends, whatever it is asked")
    func fuzz() async throws {
        var options = PlaneFuzzer.Options(seed: 20_270_115)
        options.requests = 1500
        options.requestsEachRound = 1000
        let chosen = options
        let summary = try await Plane.with { plane in try await PlaneFuzzer.run(plane, chosen) }
        #expect(summary.findings.isEmpty, "\(summary.findings)")
        // If hardly anything is accepted, nothing deep was tried.
        let accepted = summary.answers.filter { (200..<300).contains($0.key) }.values.reduce(0, +)
        #expect(accepted * 5 > summary.requests, "\(summary)")
        #expect(summary.runs > 0 && summary.restarts == 2, "\(summary)")
    }

    @Test("A number of a seed makes one request, and a saved one comes back")
    func repeatable() throws {
        let targets = [FuzzTarget.things]
        let (first, second) = (FuzzRequests(seed: 7, targets: targets), FuzzRequests(seed: 7, targets: targets))
        for number in 0..<500 {
            let request = first.request(number)
            #expect(request == second.request(number))
            #expect(FuzzRequest(json: request.json) == request)
        }
        #expect(first.request(1) != FuzzRequests(seed: 8, targets: targets).request(1))
    }
}
