import APIMachinery
import FoundationEssentials
import KubeYAML
import Spec

// generate-manifests DIRECTORY: writes the CustomResourceDefinitions into DIRECTORY/crds, as the Spec describes them.

guard CommandLine.arguments.count == 2 else {
    throw UsageError(description: "usage: generate-manifests DIRECTORY")
}
let folder = "\(CommandLine.arguments[1])/crds"
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
for (file, definition) in CustomResourceDefinitions.all {
    let text =
        "# Generated from Sources/Spec/CustomResources by `make generate`; do not edit.\n" + YAML.text(of: definition)
    try text.write(toFile: "\(folder)/\(file)", atomically: true, encoding: .utf8)
}

struct UsageError: Error, CustomStringConvertible { let description: String }
