import Basics
import Testing

@Suite struct TimestampTests {
    @Test("A moment stays within the years that can be written, whatever is added", arguments: NumbersTests.integers)
    func bounds(_ seconds: Int64) throws {
        for start in [
            Timestamp(seconds: 1_800_000_000, nanoseconds: 5), .earliest, .latest, Timestamp(seconds: seconds),
        ] {
            let moment = start.advanced(by: .seconds(seconds))
            #expect(moment >= .earliest && moment <= .latest)
            // Storing and showing it does not trap, and what is shown can be read.
            #expect(Timestamp(microseconds: moment.microseconds).seconds == moment.seconds)
            #expect(Timestamp(rfc3339: moment.rfc3339Nano) == moment)
            _ = moment.milliseconds
            _ = moment.since(start)
            _ = start.since(moment)
        }
        _ = Timestamp(seconds: seconds, nanoseconds: seconds)
        #expect(Timestamp(microseconds: seconds) >= .earliest)
        if seconds > 0 { #expect(Timestamp.now().advanced(by: .seconds(seconds)) > Timestamp.now()) }
    }

    @Test("An offset that leads out of those years is refused")
    func offset() {
        #expect(Timestamp(rfc3339: "9999-12-31T23:59:59-01:00") == nil)
        #expect(Timestamp(rfc3339: "9999-12-31T23:59:59Z") != nil)
    }

    @Test(
        "Moments are written with as many fractional digits as asked for",
        arguments: [
            (0, 0, "1970-01-01T00:00:00"), (951_782_400, 0, "2000-02-29T00:00:00"),
            (4_107_542_400, 0, "2100-03-01T00:00:00"), (-1, 0, "1969-12-31T23:59:59"),
        ] as [(Int64, Int64, String)]
    )
    func texts(_ seconds: Int64, _ nanoseconds: Int64, _ text: String) {
        let moment = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
        #expect(moment.rfc3339 == text + "Z" && moment.description == text + "Z")
        #expect(moment.rfc3339Milli == text + ".000Z")
        #expect(moment.rfc3339Micro == text + ".000000Z")
        #expect(Timestamp(rfc3339: moment.rfc3339Milli) == moment)
    }

    @Test("A fraction is cut off, not rounded")
    func fractions() {
        let moment = Timestamp(seconds: 1_767_323_045, nanoseconds: 6_999_999)
        #expect(moment.rfc3339 == "2026-01-02T03:04:05Z")
        #expect(moment.rfc3339Milli == "2026-01-02T03:04:05.006Z")
        #expect(moment.rfc3339Micro == "2026-01-02T03:04:05.006999Z")
        #expect(moment.rfc3339Nano == "2026-01-02T03:04:05.006999999Z")
    }
}
