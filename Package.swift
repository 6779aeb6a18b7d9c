// swift-tools-version: 6.2
import PackageDescription

/// Every target is compiled alike: the language as it will be, and no warning left standing.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .treatAllWarnings(as: .error),
]

/// A layer: a library that imports only what stands here. `scripts/check-imports` holds the sources to it.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: settings)
}

/// Programs for people are linked so that their tables of relocations, which are read at every start, take a fraction of
/// the space (`DT_RELR`, glibc 2.36): an idle controller has 6 MB less resident. Only lld writes them.
let linkerSettings: [LinkerSetting] = [
    .unsafeFlags(
        ["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"],
        .when(platforms: [.linux], configuration: .release)
    )
]

/// A program: a main file over the libraries.
func program(_ name: String, folder: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies,
        path: "Sources/Executables/\(folder)",
        swiftSettings: settings,
        linkerSettings: linkerSettings
    )
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies,
        path: "Tests/\(name)",
        exclude: exclude,
        swiftSettings: settings
    )
}

/// What several test targets share.
func testSupport(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

extension Target.Dependency {
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let asn1 = product(name: "SwiftASN1", package: "swift-asn1")
    static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
    static let heapModule = product(name: "HeapModule", package: "swift-collections")
    static let coreMetrics = product(name: "CoreMetrics", package: "swift-metrics")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    static let grdbSQLite = product(name: "GRDBSQLite", package: "GRDB.swift")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let hummingbirdTLS = product(name: "HummingbirdTLS", package: "hummingbird")
    static let logging = product(name: "Logging", package: "swift-log")
    static let metrics = product(name: "Metrics", package: "swift-metrics")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let serviceLifecycleTestKit = product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle")
    static let subprocess = product(name: "Subprocess", package: "swift-subprocess")
    static let system = product(name: "SystemPackage", package: "swift-system")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let x509 = product(name: "X509", package: "swift-certificates")
    static let yams = product(name: "Yams", package: "Yams")
}

let package = Package(
    name: "martinet",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "controller", targets: ["controller"]),
        .executable(name: "agent-runner", targets: ["agent-runner"]),
        .executable(name: "pod-shim", targets: ["pod-shim"]),
        .executable(name: "ctl", targets: ["ctl"]),
        .executable(name: "apiserver", targets: ["apiserver"]),
        .executable(name: "generate-manifests", targets: ["generate-manifests"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        // What everything stands on; knows nothing of this project.
        module("Basics"),

        // The object model, and what is computed without any I/O.
        module("APIMachinery", ["Basics"]),
        module("Expressions", ["APIMachinery", "Basics"]),
        module("Schema", ["APIMachinery", "Basics", "Expressions"]),
        module("KubeAPI", ["APIMachinery", "Basics"]),
        module("KubeYAML", ["APIMachinery", "Basics", .yams]),
        module("Spec", ["APIMachinery", "Basics", "Expressions", "KubeAPI"]),

        // Ports, their adapters, and what every program needs.
        module("CCrashNote"),
        module("Containment", ["APIMachinery", "Basics", "CCrashNote", .logging, .metrics]),
        module("Observability", ["Basics", .coreMetrics, .httpTypes, .hummingbird, .logging, .metrics, .nioCore]),
        module("Storage", ["APIMachinery", "Basics"]),
        module("StorageSQLite", ["APIMachinery", "Basics", "Storage", .grdb, .grdbSQLite]),
        module(
            "KubeClient",
            [
                "APIMachinery", "Basics", "KubeYAML", .asyncHTTPClient, .logging, .nioCore, .nioHTTP1, .nioPosix,
                .nioSSL,
            ]
        ),
        module(
            "ControllerRuntime",
            [
                "APIMachinery", "Basics", "Containment", "KubeClient", .heapModule, .logging, .metrics,
                .serviceLifecycle,
            ]
        ),

        // The parts of the plane. None of these imports another one but where it stands here.
        // The API server, as Kubernetes has it in parts.
        module("BuiltInTypes", ["APIMachinery", "Schema"]),
        module(
            "AccessControl",
            [
                "APIMachinery", "Basics", "Storage", .asn1, .crypto, .metrics, .nioCore, .nioSSL, .x509,
            ]
        ),
        module(
            "HTTPServing",
            [
                "APIMachinery", "Basics", .hummingbirdCore, .hummingbirdTLS, .logging, .nioCore, .nioHTTP1, .nioSSL,
                .serviceLifecycle,
            ]
        ),
        module(
            "GenericAPIServer",
            [
                "APIMachinery", "AccessControl", "Basics", "BuiltInTypes", "Containment", "HTTPServing",
                "KubeYAML", "Schema", "Storage", .httpTypes, .hummingbird, .hummingbirdCore, .logging, .metrics,
                .nioCore, .nioHTTP1, .nioSSL, .serviceLifecycle,
            ]
        ),
        module(
            "BuiltInKinds",
            [
                "APIMachinery", "AccessControl", "BuiltInTypes", "GenericAPIServer", "HTTPServing", "Schema",
                .nioCore,
            ]
        ),
        module(
            "APIExtensions",
            [
                "APIMachinery", "BuiltInTypes", "GenericAPIServer", "HTTPServing", "Schema", "Storage",
                .asyncHTTPClient, .logging, .nioCore, .nioHTTP1, .nioPosix, .nioSSL,
            ]
        ),
        module(
            "BuiltInControllers",
            [
                "APIExtensions", "APIMachinery", "AccessControl", "BuiltInKinds", "ControllerRuntime",
                "GenericAPIServer", "Storage", .logging, .serviceLifecycle,
            ]
        ),
        module(
            "KubeAPIServer",
            [
                "APIExtensions", "APIMachinery", "AccessControl", "Basics", "BuiltInControllers", "BuiltInKinds",
                "BuiltInTypes", "Containment", "GenericAPIServer", "HTTPServing", "Storage", .hummingbird,
                .hummingbirdCore, .hummingbirdTLS, .logging, .nioCore, .serviceLifecycle,
            ]
        ),
        module(
            "RunEngine",
            [
                "APIMachinery", "Basics", "Containment", "Expressions", "Spec", "Storage", .logging, .metrics,
            ]
        ),
        // The engine over HTTP: submissions, and the runners' protocol.
        module(
            "RunAPI",
            [
                "APIMachinery", "Containment", "RunEngine", "Spec", "Storage", .httpTypes, .hummingbird, .logging,
                .nioCore,
            ]
        ),
        module(
            "Controller",
            [
                "APIMachinery", "Basics", "Containment", "ControllerRuntime", "KubeAPI", "KubeClient", "RunEngine",
                "Spec", .logging, .metrics, .serviceLifecycle,
            ]
        ),
        // Resources whose objects are not in the object store, for the API server.
        module(
            "PlaneResources",
            [
                "APIMachinery", "Containment", "GenericAPIServer", "RunEngine", "Spec", "Storage", .logging,
                .serviceLifecycle,
            ]
        ),
        module("ImageStore", ["APIMachinery"]),
        module("CLinux"),
        module("CSpawn"),
        module(
            "LocalNode",
            [
                "APIMachinery", "Basics", "CLinux", "Containment", "ControllerRuntime", "ImageStore", "KubeAPI",
                "KubeClient", .logging, .metrics, .serviceLifecycle, .subprocess, .system,
            ]
        ),
        module(
            "AgentRunner",
            [
                "APIMachinery", "Basics", "CSpawn", "Observability", .asyncHTTPClient, .hummingbird, .logging,
                .metrics, .nioCore, .nioHTTP1, .serviceLifecycle,
            ]
        ),
        module(
            "CLI",
            [
                "APIMachinery", "Basics", "ImageStore", "KubeAPI", "KubeClient", "KubeYAML", "Schema", "Spec",
                "Storage", .argumentParser, .logging,
            ]
        ),
        module(
            "ControlPlane",
            [
                "APIMachinery", "AccessControl", "Basics", "BuiltInKinds", "CLinux", "Containment", "Controller",
                "ControllerRuntime", "GenericAPIServer", "HTTPServing", "KubeAPI", "KubeAPIServer", "KubeClient",
                "LocalNode", "Observability", "PlaneResources", "RunAPI", "RunEngine", "Spec", "Storage",
                "StorageSQLite", .coreMetrics, .crypto, .hummingbird, .logging, .metrics, .serviceLifecycle,
                .unixSignals,
            ]
        ),

        // Programs.
        program(
            "controller",
            folder: "controller",
            [
                "APIMachinery", "ControlPlane", "GenericAPIServer", "HTTPServing", "Observability",
                .argumentParser, .logging,
            ]
        ),
        program(
            "agent-runner",
            folder: "agent-runner",
            [
                "APIMachinery", "AgentRunner", "Basics", "Observability", .argumentParser, .asyncHTTPClient,
                .coreMetrics, .logging, .nioPosix, .nioSSL, .serviceLifecycle, .unixSignals,
            ]
        ),
        program("pod-shim", folder: "pod-shim", ["CLinux"]),
        program("ctl", folder: "ctl", ["CLI"]),
        program(
            "apiserver",
            folder: "apiserver",
            [
                "GenericAPIServer", "HTTPServing", "KubeAPIServer", "StorageSQLite", .argumentParser, .logging,
                .serviceLifecycle, .unixSignals,
            ]
        ),
        program(
            "generate-manifests",
            folder: "generate-manifests",
            [
                "APIMachinery", "Basics", "KubeYAML", "Spec",
            ]
        ),

        // Tests: units beside every module, then the built programs as users have them.
        testSupport("TestSupport", ["APIMachinery", "Basics", "KubeClient"]),
        testSupport(
            "FuzzProperties",
            [
                "APIMachinery", "BuiltInTypes", "Expressions", "GenericAPIServer", "KubeYAML", "Schema",
                "TestSupport",
            ]
        ),
        testSupport("KubeTestSupport", ["APIMachinery", "Basics", "KubeClient"]),
        testSupport(
            "RunTestSupport",
            [
                "APIMachinery", "Basics", "Containment", "RunEngine", "Spec", "Storage", "StorageSQLite", "TestSupport",
                .logging,
            ]
        ),
        testSupport("PlaneFuzzer", ["APIMachinery", "KubeYAML", "TestSupport", .nioCore, .nioPosix, .nioSSL]),
        // Drives the built controller, as the tests do; `make fuzz` builds and runs it.
        .executableTarget(
            name: "fuzz-plane",
            dependencies: ["APIMachinery", "Basics", "PlaneFuzzer", "TestSupport", .argumentParser],
            path: "Tests/FuzzPlane",
            swiftSettings: settings
        ),
        tests("BasicsTests", ["Basics"]),
        tests("APIMachineryTests", ["APIMachinery", "Basics", "TestSupport"]),
        tests("ExpressionsTests", ["APIMachinery", "Basics", "Expressions", "TestSupport"]),
        tests("SchemaTests", ["APIMachinery", "Basics", "Expressions", "Schema", "TestSupport"]),
        tests("FuzzTests", ["FuzzProperties"]),
        tests("KubeAPITests", ["APIMachinery", "Basics", "KubeAPI"]),
        tests("KubeYAMLTests", ["APIMachinery", "Basics", "KubeYAML", "TestSupport"]),
        tests("SpecTests", ["APIMachinery", "Basics", "KubeAPI", "KubeYAML", "Schema", "Spec", "TestSupport"]),
        tests(
            "ObservabilityTests",
            [
                "Basics", "Observability", .asyncHTTPClient, .coreMetrics, .httpTypes, .hummingbird, .logging,
                .metrics, .nioCore, .nioHTTP1, .serviceLifecycle, .subprocess,
            ]
        ),
        tests("StorageTests", ["APIMachinery", "Basics", "Storage", "StorageSQLite", "TestSupport", .grdb]),
        tests(
            "KubeClientTests",
            [
                "APIMachinery", "Basics", "KubeClient", "KubeTestSupport", .nioCore, .nioPosix,
            ]
        ),
        tests(
            "ControllerRuntimeTests",
            [
                "APIMachinery", "Basics", "Containment", "ControllerRuntime", "KubeClient", "KubeTestSupport",
                "TestSupport", .logging, .serviceLifecycle, .serviceLifecycleTestKit,
            ]
        ),
        tests(
            "APIServerTests",
            [
                "APIExtensions", "APIMachinery", "AccessControl", "Basics", "BuiltInControllers", "BuiltInKinds",
                "BuiltInTypes", "ControllerRuntime", "GenericAPIServer", "HTTPServing", "KubeAPIServer", "Schema",
                "Storage", "StorageSQLite", "TestSupport", .logging, .nioCore, .nioEmbedded, .nioHTTP1, .nioPosix,
                .nioSSL,
            ]
        ),
        tests(
            "ControlPlaneTests",
            [
                "APIMachinery", "Basics", "Containment", "ControlPlane", "ControllerRuntime", "GenericAPIServer",
                "HTTPServing", "KubeAPIServer", "KubeClient", "KubeTestSupport", "Observability", "RunAPI",
                "RunEngine", "Spec", "Storage", "TestSupport", .asyncHTTPClient, .logging, .nioCore, .nioPosix,
            ]
        ),
        tests("ContainmentTests", ["APIMachinery", "Basics", "CCrashNote", "Containment", .logging]),
        tests(
            "RunEngineTests",
            [
                "APIMachinery", "Containment", "RunEngine", "RunTestSupport", "Spec", "Storage", "StorageSQLite",
                "TestSupport", .logging,
            ]
        ),
        tests(
            "RunAPITests",
            [
                "APIMachinery", "RunAPI", "RunEngine", "RunTestSupport", "Spec", "Storage", "StorageSQLite",
                "TestSupport", .asyncHTTPClient, .hummingbird, .logging, .nioCore, .nioHTTP1,
            ]
        ),
        tests(
            "PlaneResourcesTests",
            [
                "APIMachinery", "AccessControl", "Containment", "GenericAPIServer", "HTTPServing", "KubeAPIServer",
                "PlaneResources", "RunEngine", "Spec", "Storage", "StorageSQLite", "TestSupport", .logging,
            ]
        ),
        tests(
            "ControllerTests",
            [
                "APIMachinery", "Basics", "Controller", "ControllerRuntime", "KubeAPI", "KubeClient",
                "KubeTestSupport", "RunEngine", "Spec", "TestSupport", .logging,
            ]
        ),
        tests(
            "LocalNodeTests",
            [
                "APIMachinery", "Basics", "Containment", "ControllerRuntime", "ImageStore", "KubeAPI",
                "KubeClient", "KubeTestSupport", "LocalNode", "pod-shim", .logging, .serviceLifecycleTestKit,
                .subprocess, .system,
            ]
        ),
        tests(
            "AgentRunnerTests",
            [
                "APIMachinery", "AgentRunner", "Basics", "Observability", "Spec", .asyncHTTPClient, .coreMetrics,
                .httpTypes, .hummingbird, .logging, .metrics, .nioCore, .nioHTTP1, .nioPosix, .serviceLifecycle,
            ]
        ),
        tests(
            "CLITests",
            [
                "APIMachinery", "Basics", "CLI", "ImageStore", "KubeAPI", "KubeClient", "KubeYAML", "Spec",
                "TestSupport", .argumentParser,
            ]
        ),
        // Depends on the programs so that they are built before they are driven.
        tests(
            "EndToEndTests",
            [
                "APIMachinery", "Basics", "KubeClient", "PlaneFuzzer", "TestSupport", "agent-runner", "apiserver",
                "controller", "ctl", "fuzz-plane", "generate-manifests", "pod-shim",
            ],
            exclude: ["Clients"]
        ),
    ]
)
