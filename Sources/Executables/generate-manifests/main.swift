import APIMachinery
import FoundationEssentials
import KubeYAML
import Spec

// generate-manifests DIRECTORY: writes the CustomResourceDefinitions into DIRECTORY/crds and the ClusterRoles into
// DIRECTORY/rbac, as the Spec describes them.

guard CommandLine.arguments.count == 2 else {
    throw UsageError(description: "usage: generate-manifests DIRECTORY")
}
for (folder, source, files) in [
    ("crds", "Sources/Spec/CustomResources", CustomResourceDefinitions.all.map { ($0.file, $0.definition) }),
    ("rbac", "Sources/Spec/Roles.swift", Roles.all.map { ($0.file, $0.role) }),
] {
    let folder = "\(CommandLine.arguments[1])/\(folder)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (file, object) in files {
        let text = "# Generated from \(source) by `make generate`; do not edit.\n" + YAML.text(of: object)
        try text.write(toFile: "\(folder)/\(file)", atomically: true, encoding: .utf8)
    }
}

struct UsageError: Error, CustomStringConvertible { let description: String }
