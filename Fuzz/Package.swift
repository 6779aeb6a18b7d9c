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
        module("Basics"),
        module("APIMachinery", ["Basics"]),
        module("Expressions", ["APIMachinery", "Basics"]),
        module("Schema", ["APIMachinery", "Basics", "Expressions"]),
        module("KubeYAML", ["APIMachinery", "Basics", .product(name: "Yams", package: "Yams")]),
        module("TestSupport", ["APIMachinery", "Basics"]),
        // What of the server reads bytes and needs nothing else.
        module("BuiltInTypes", ["APIMachinery", "Basics", "Schema"]),
        module("AccessControl", ["APIMachinery", "Basics"]),
        module("HTTPServing", ["Basics"]),
        module("GenericAPIServer", ["APIMachinery", "AccessControl", "Basics", "HTTPServing"]),
        module(
            "FuzzProperties",
            [
                "APIMachinery", "Basics", "BuiltInTypes", "Expressions", "GenericAPIServer", "KubeYAML", "Schema",
                "TestSupport",
            ]
        ),
    ]
)
