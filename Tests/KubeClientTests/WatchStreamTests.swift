import APIMachinery
import KubeTestSupport
import Testing

@testable import KubeClient

struct WatchStreamTests {
    @Test("Lines come out whole however the bytes are cut", arguments: 1...12)
    func chunks(_ size: Int) throws {
        let text = Array("one\n\ntwo\nthree is long\nrest".utf8)
        var splitter = LineSplitter(limit: 100)
        var lines: [String] = []
        for start in stride(from: 0, to: text.count, by: size) {
            let chunk = Array(text[start..<min(start + size, text.count)])
            lines += try splitter.append(chunk).map { String(decoding: $0, as: UTF8.self) }
        }
        if let rest = splitter.finish() { lines.append(String(decoding: rest, as: UTF8.self)) }
        #expect(lines == ["one", "two", "three is long", "rest"])
    }

    @Test func tooLongLinesAreRefused() {
        var splitter = LineSplitter(limit: 4)
        #expect(throws: Never.self) { try splitter.append(Array("1234\n".utf8)) }
        #expect(throws: LineSplitter.LineTooLong.self) { try splitter.append(Array("12345".utf8)) }
        var other = LineSplitter(limit: 4)
        #expect(throws: Never.self) { try other.append(Array("123".utf8)) }
        #expect(throws: LineSplitter.LineTooLong.self) { try other.append(Array("45\n".utf8)) }
    }

    @Test func eventsAreTold() async throws {
        let body = ScriptedTransport.body(
            Array(
                """
                {"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"1"}}}
                {"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"2"}}}
                {"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"3"}}}
                {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}
                {"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}

                """.utf8
            )
        )
        var told: [String] = []
        for try await event in WatchStream(body: body) {
            switch event {
            case .added(let object): told.append("+\(object.name)\(object.resourceVersion)")
            case .modified(let object): told.append("~\(object.name)\(object.resourceVersion)")
            case .deleted(let object): told.append("-\(object.name)\(object.resourceVersion)")
            case .bookmark(let version): told.append("@\(version)")
            case .error(let status): told.append("!\(status.code)")
            }
        }
        #expect(told == ["+a1", "~a2", "-a3", "@9", "!410"])
    }

    @Test("Nonsense is an error, not an endless loop", arguments: ["{", "{}", #"{"type":"WHAT","object":{}}"#])
    func nonsense(_ line: String) async {
        await #expect(throws: Status.self) {
            for try await _ in WatchStream(body: ScriptedTransport.body(Array("\(line)\n".utf8))) {}
        }
    }
}
