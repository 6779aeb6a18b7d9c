import APIMachinery
import Testing

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// How many warnings one answer has, and how long they are.
@Suite struct WarningRecorderTests {
    private func record(_ texts: [String]) -> [String] {
        var recorder = WarningRecorder()
        for text in texts { recorder.add(text) }
        return recorder.texts
    }

    private func text(_ letter: Character, _ count: Int) -> String { String(repeating: letter, count: count) }

    @Test func eachTextIsSentOnceInOrder() {
        #expect(record(["b", "", "a", "b", "c"]) == ["b", "a", "c"])
    }

    @Test func longTextsAreWholeAsLongAsThereIsRoom() {
        let texts = [text("a", 4000), text("ñ", 96)]
        #expect(record(texts) == texts)
    }

    @Test("Past 4,096 characters in all, each is cut to 256, also those before")
    func truncation() {
        let texts = [text("a", 4000), "short", text("b", 300), text("c", 257)]
        #expect(record(texts) == [text("a", 256), "short", text("b", 256), text("c", 256)])
    }

    @Test("A text that is the same as one before is left out, also if that was cut")
    func duplicatesOfTruncated() {
        let long = [text("a", 3000), text("b", 3000), text("a", 3000)]
        #expect(record(long) == [text("a", 256), text("b", 256)])
    }

    @Test("Once the cut ones fill the room, nothing more comes")
    func noRoom() {
        let texts = (0..<50).map { "\($0) " + text("x", 300) }
        let sent = record(texts)
        #expect(sent.count == 16)
        #expect(sent.allSatisfy { $0.count == 256 })
        #expect(sent.last?.hasPrefix("15 ") == true)
    }

    @Test("An answer's headers are as many as Python's http.client reads, whatever the body has")
    func headers() async throws {
        let server = try await TestServer()
        var object: JSONValue = ["metadata": ["name": "c"], "a\u{1}\u{7F}\n": 1]
        for index in 0..<6000 { object["f\(index)"] = 1 }
        let answer = await server.respond("POST", "/api/v1/namespaces/default/configmaps", object)
        #expect(answer.status == 201)
        let warnings = answer.headers.filter { $0.name == "Warning" }.map(\.value)
        #expect(warnings.count == WarningRecorder.mostHeaders)
        #expect(warnings.first == "299 - \"unknown field \\\"a   \\\"\"")
    }
}
