import APIMachinery
import HTTPServing
import Testing

/// What the server says of definitions that are not in order, and who gets which name.
@Suite struct DefinitionTests {
    static let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

    /// One way to spoil the definition of `things.test.example`, and what is said of it.
    struct Spoiled: Sendable, CustomTestStringConvertible {
        var name: String
        var change: @Sendable (inout JSONValue) -> Void
        var errors: Set<String>
        var testDescription: String { name }

        init(_ name: String, _ errors: Set<String>, _ change: @escaping @Sendable (inout JSONValue) -> Void) {
            self.name = name
            self.errors = errors
            self.change = change
        }

        static func set(_ path: [String], _ value: JSONValue?) -> @Sendable (inout JSONValue) -> Void {
            { $0.set(value, at: path) }
        }

        /// Changes the only version.
        static func version(_ change: @escaping @Sendable (inout JSONValue) -> Void)
            -> @Sendable (inout JSONValue) -> Void
        {
            { definition in
                var versions = definition.value(at: "spec", "versions")?.arrayValue ?? []
                change(&versions[0])
                definition.set(.array(versions), at: ["spec", "versions"])
            }
        }

        /// Adds a version `v2` that is not stored.
        static func second(_ change: @escaping @Sendable (inout JSONValue) -> Void)
            -> @Sendable (inout JSONValue) -> Void
        {
            { definition in
                var versions = definition.value(at: "spec", "versions")?.arrayValue ?? []
                var other = versions[0]
                other["name"] = "v2"
                other["storage"] = false
                change(&other)
                versions.append(other)
                definition.set(.array(versions), at: ["spec", "versions"])
            }
        }
    }

    static let spoiled: [Spoiled] = [
        Spoiled(
            "no names",
            [
                "metadata.name: Invalid value: \"things.test.example\": must be spec.names.plural+\".\"+spec.group",
                "spec.names.plural: Required value", "spec.names.singular: Required value",
                "spec.names.kind: Required value", "spec.names.listKind: Required value",
            ],
            Spoiled.set(["spec", "names"], ["plural": "", "kind": ""])
        ),
        Spoiled(
            "no schema",
            ["spec.versions[0].schema.openAPIV3Schema: Required value"],
            Spoiled.version { $0["schema"] = nil }
        ),
        Spoiled(
            "unknown scope",
            ["spec.scope: Unsupported value: \"Galaxy\": supported values: \"Cluster\", \"Namespaced\""],
            Spoiled.set(["spec", "scope"], "Galaxy")
        ),
        Spoiled(
            "a warning without deprecation",
            [
                "spec.versions[0].deprecationWarning: Invalid value: \"old\": can only be set for deprecated versions"
            ],
            Spoiled.version { $0["deprecationWarning"] = "old" }
        ),
        Spoiled(
            "an unprintable warning",
            [
                "spec.versions[0].deprecationWarning: Invalid value: \"a\\tb\": must only contain printable UTF-8 "
                    + "characters; non-printable character found at index 1"
            ],
            Spoiled.version {
                $0["deprecated"] = true
                $0["deprecationWarning"] = "a\tb"
            }
        ),
        Spoiled(
            "selectable fields of one of two versions with one schema",
            [
                "spec.versions[1].selectableFields: Invalid value: \"\": may only be set when "
                    + "`version.schema.openAPIV3Schema` is not included"
            ],
            Spoiled.second { $0["selectableFields"] = [["jsonPath": ".spec.size"]] }
        ),
        Spoiled(
            "selectable metadata",
            [
                "spec.selectableFields[0].jsonPath: Invalid value: \".metadata.name\": is an invalid path: does not "
                    + "refer to a valid field"
            ],
            Spoiled.version { $0["selectableFields"] = [["jsonPath": ".metadata.name"]] }
        ),
        Spoiled(
            "scale paths elsewhere",
            [
                "spec.subresources.scale.specReplicasPath: Invalid value: \".status.size\": should be a json path "
                    + "under .spec",
                "spec.subresources.scale.statusReplicasPath: Required value",
                "spec.subresources.scale.labelSelectorPath: Invalid value: \"x\": must be a simple json path "
                    + "starting with .",
            ],
            Spoiled.version {
                $0.set(
                    ["specReplicasPath": ".status.size", "statusReplicasPath": "", "labelSelectorPath": "x"],
                    at: ["subresources", "scale"]
                )
            }
        ),
        Spoiled(
            "bad columns",
            [
                "spec.additionalPrinterColumns[0].name: Required value",
                "spec.additionalPrinterColumns[0].type: Invalid value: \"text\": must be one of "
                    + "boolean,date,integer,number,string",
                "spec.additionalPrinterColumns[0].format: Invalid value: \"x\": must be one of "
                    + "byte,date,date-time,double,float,int32,int64,password",
                "spec.additionalPrinterColumns[0].JSONPath: Invalid value: \"spec\": must be a simple json path "
                    + "starting with .",
            ],
            Spoiled.version {
                $0["additionalPrinterColumns"] = [["name": "", "type": "text", "format": "x", "jsonPath": "spec"]]
            }
        ),
        Spoiled(
            "conversion settings without a webhook",
            [
                "spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook",
                "spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to "
                    + "Webhook",
            ],
            Spoiled.set(
                ["spec", "conversion"],
                [
                    "strategy": "None",
                    "webhook": ["clientConfig": ["url": "https://a.b"], "conversionReviewVersions": ["v1"]],
                ]
            )
        ),
        Spoiled(
            "a webhook without anything",
            [
                "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
                "spec.conversion.conversionReviewVersions: Required value",
            ],
            Spoiled.set(["spec", "conversion"], ["strategy": "Webhook"])
        ),
        Spoiled(
            "a protected group",
            [
                "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have "
                    + "approval annotation \"api-approved.kubernetes.io\", see "
                    + "https://github.com/kubernetes/enhancements/pull/1111"
            ],
            {
                $0.set("things.test.k8s.io", at: ["metadata", "name"])
                $0.set("test.k8s.io", at: ["spec", "group"])
            }
        ),
        Spoiled(
            "two storage versions",
            [
                #"spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":true,"Deprecated":false,"#
                    + #""DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"#
                    + #""SelectableFields":null},{"Name":"v2","Served":true,"Storage":true,"Deprecated":false,"#
                    + #""DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"#
                    + #""SelectableFields":null}]: must have exactly one version marked as storage version"#,
                "status.storedVersions: Invalid value: [\"v1\"]: must have the storage version v2",
            ],
            Spoiled.second { $0["storage"] = true }
        ),
        Spoiled(
            "defaults with unknown fields kept",
            [
                "spec.preserveUnknownFields: Invalid value: true: must be false in order to use defaults in the schema",
                "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set "
                    + "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
            ],
            {
                $0.set(true, at: ["spec", "preserveUnknownFields"])
                Spoiled.version {
                    $0.set(
                        1,
                        at: ["schema", "openAPIV3Schema", "properties", "spec", "properties", "size", "default"]
                    )
                }(&$0)
            }
        ),
    ]

    @Test("A definition that is not in order is refused with the reference's words", arguments: spoiled)
    func refused(_ spoiled: Spoiled) async throws {
        let server = try await TestServer()
        var definition = TestServer.definition
        spoiled.change(&definition)
        let answer = await server.request("POST", Self.definitions, definition)
        #expect(answer.status == 422)
        let causes = answer.body.value(at: "details", "causes")?.arrayValue ?? []
        let errors = causes.map { "\($0["field"]?.stringValue ?? ""): \($0["message"]?.stringValue ?? "")" }
        #expect(Set(errors) == spoiled.errors)
    }

    /// A definition in the same group.
    static func definition(_ plural: String, kind: String, shortNames: [String] = []) -> JSONValue {
        var definition = TestServer.definition
        definition.set(.string("\(plural).test.example"), at: ["metadata", "name"])
        definition.set(
            ["plural": .string(plural), "kind": .string(kind), "shortNames": .array(shortNames.map(JSONValue.string))],
            at: ["spec", "names"]
        )
        return definition
    }

    private func condition(_ server: TestServer, _ name: String, _ type: String) async -> [String?] {
        let object = await server.request("GET", "\(Self.definitions)/\(name).test.example").body
        let conditions = object.value(at: "status", "conditions")?.arrayValue ?? []
        let condition = conditions.first { $0["type"]?.stringValue == type }
        return ["status", "reason", "message"].map { condition?[$0]?.stringValue }
    }

    @Test("A name belongs to who had it first, and to the next one when it is free")
    func names() async throws {
        let server = try await TestServer()
        _ = await server.request("POST", Self.definitions, Self.definition("cats", kind: "Cat", shortNames: ["c"]))
        _ = await server.request("POST", Self.definitions, Self.definition("cows", kind: "Cow", shortNames: ["c"]))
        #expect(
            await condition(server, "cows", "NamesAccepted") == [
                "False", "ShortNamesConflict", "\"c\" is already in use",
            ]
        )
        #expect(
            await condition(server, "cows", "Established") == ["False", "NotAccepted", "not all names are accepted"]
        )
        let accepted = await server.request("GET", "\(Self.definitions)/cows.test.example").body
            .value(at: "status", "acceptedNames")
        #expect(accepted == ["plural": "cows", "singular": "cow", "kind": "Cow", "listKind": "CowList"])
        let cows = "/apis/test.example/v1/namespaces/default/cows"
        #expect(await server.request("GET", cows).status == 404)
        let other: JSONValue = ["spec": ["names": ["shortNames": ["k"]]]]
        let merge = "application/merge-patch+json"
        _ = await server.request("PATCH", "\(Self.definitions)/cats.test.example", other, type: merge)
        #expect(await condition(server, "cows", "NamesAccepted") == ["True", "NoConflicts", "no conflicts found"])
        #expect(await server.request("GET", cows).status == 200)
    }

    @Test("A kind that is established stays served under its names when it wants one that is taken")
    func keepsNames() async throws {
        let server = try await TestServer()
        _ = await server.request("POST", Self.definitions, Self.definition("cats", kind: "Cat", shortNames: ["c"]))
        _ = await server.request("POST", Self.definitions, Self.definition("cows", kind: "Cow", shortNames: ["k"]))
        let wish: JSONValue = ["spec": ["names": ["shortNames": ["c"]]]]
        _ = await server.request(
            "PATCH",
            "\(Self.definitions)/cows.test.example",
            wish,
            type: "application/merge-patch+json"
        )
        #expect(await condition(server, "cows", "NamesAccepted")[1] == "ShortNamesConflict")
        #expect(await condition(server, "cows", "Established")[0] == "True")
        let resources = await server.request("GET", "/apis/test.example/v1").body["resources"]?.arrayValue ?? []
        #expect(resources.first { $0["name"] == "cows" }?["shortNames"] == ["k"])
    }

    @Test("An approved definition of a protected group says so in a condition")
    func approval() async throws {
        let server = try await TestServer()
        var definition = TestServer.definition
        definition.set("things.test.k8s.io", at: ["metadata", "name"])
        definition.set("test.k8s.io", at: ["spec", "group"])
        definition.set(
            "https://github.com/kubernetes/x/pull/1",
            at: ["metadata", "annotations", "api-approved.kubernetes.io"]
        )
        #expect(await server.request("POST", Self.definitions, definition).status == 201)
        let conditions = await server.request("GET", "\(Self.definitions)/things.test.k8s.io").body
            .value(at: "status", "conditions")?.arrayValue
        let approval = conditions?.first { $0["type"] == "KubernetesAPIApprovalPolicyConformant" }
        #expect(approval?["message"] == "approved in https://github.com/kubernetes/x/pull/1")
    }

    @Test("Formats that nobody checks are warned of once")
    func formats() async throws {
        let server = try await TestServer()
        var definition = TestServer.definition
        let properties = ["spec", "versions", "0", "schema", "openAPIV3Schema", "properties", "spec", "properties"]
        Spoiled.version {
            $0.set(
                ["type": "string", "format": "postcode"],
                at: Array(properties.dropFirst(3)) + ["place"]
            )
        }(&definition)
        let answer = await server.respond("POST", Self.definitions, definition)
        #expect(
            answer.headers.contains {
                $0.name.lowercased() == "warning" && $0.value.contains(#"unrecognized format \"postcode\""#)
            }
        )
    }
}
