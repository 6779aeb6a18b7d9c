// swift-tools-version: 6.2
import PackageDescription

// The fuzzer: the modules without I/O, compiled once more with the instruments of libFuzzer (`scripts/fuzz`).
// A package of its own, so that nothing else builds or links it. Its sources are the same files, by symbolic links.

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .unsafeFlags(["-sanitize=fuzzer,address", "-parse-as-library", "-enable-testing", "-warnings-as-errors"]),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: settings)
}

let package = Package(
    name: "fuzz",
    platforms: [.macOS(.v15)],
    products: [.library(name: "Fuzz", type: .static, targets: ["FuzzProperties"])],
    dependencies: [.package(url: "https://github.com/jpsim/Yams", from: "6.2.2")],
    targets: [
        module("APIMachinery"),
        module("Expressions", ["APIMachinery"]),
        module("Schema", ["APIMachinery", "Expressions"]),
        module("KubeYAML", ["APIMachinery", .product(name: "Yams", package: "Yams")]),
        module("TestSupport", ["APIMachinery"]),
        // What of the server reads bytes and needs nothing else.
        module("BuiltInTypes", ["APIMachinery", "Schema"]),
        module("AccessControl", ["APIMachinery"]),
        module("HTTPServing"),
        module("GenericAPIServer", ["APIMachinery", "AccessControl", "HTTPServing"]),
        module(
            "FuzzProperties",
            ["APIMachinery", "BuiltInTypes", "Expressions", "GenericAPIServer", "KubeYAML", "Schema", "TestSupport"]
        ),
    ]
)
