import APIMachinery
import TestSupport
import Testing

@Suite struct HumanDurationTests {
    @Test func golden() throws {
        for vector in try Golden.cases("printing.json") {
            let seconds = try #require(vector["seconds"]?.doubleValue)
            let whole = seconds.rounded(.towardZero)
            let duration =
                Duration.seconds(Int64(clamping: whole)) + .nanoseconds(Int64(clamping: (seconds - whole) * 1e9))
            #expect(HumanDuration.human(duration) == vector.want["human"]?.stringValue, "\(vector)")
            #expect(HumanDuration.short(duration) == vector.want["short"]?.stringValue, "\(vector)")
        }
    }
}
