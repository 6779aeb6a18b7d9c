import FoundationEssentials
import FuzzProperties
import Testing

/// The properties that the fuzzer looks for exceptions from, for its seeds and for what it once found.
@Suite struct RegressionTests {
    private static let targets = FuzzTarget.all.map(\.name)

    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Regressions")

    private func target(_ name: String) throws -> FuzzTarget {
        try #require(FuzzTarget.all.first { $0.name == name })
    }

    @Test("Seeds have the properties", arguments: targets)
    func seeds(_ name: String) throws {
        let target = try target(name)
        let seeds = try target.seeds()
        #expect(!seeds.isEmpty)
        for seed in seeds {
            #expect(throws: Never.self, "\(name): \(String(decoding: seed, as: UTF8.self))") { try target.check(seed) }
        }
    }

    @Test("What the fuzzer found has the properties", arguments: targets)
    func regressions(_ name: String) throws {
        let target = try target(name)
        let folder = Self.directory.appending(path: name)
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for file in files {
            let input = try Data(contentsOf: folder.appending(path: file))
            #expect(throws: Never.self, "\(name)/\(file)") { try target.check(Array(input)) }
        }
    }

    @Test("Every folder of regressions belongs to a target")
    func folders() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path)
        #expect(folders.allSatisfy(Self.targets.contains), "\(folders)")
    }
}
