import APIMachinery
import TestSupport
import Testing

@Suite struct HumanDurationTests {
    @Test func golden() throws {
        for vector in try Golden.cases("printing.json") {
            let seconds = try #require(vector["seconds"]?.doubleValue)
            #expect(HumanDuration.human(.seconds(seconds)) == vector.want["human"]?.stringValue, "\(vector)")
            #expect(HumanDuration.short(.seconds(seconds)) == vector.want["short"]?.stringValue, "\(vector)")
        }
    }
}
