import APIMachinery
import ArgumentParser
import FoundationEssentials
import ImageStore

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Manages the images of a plane on this machine: names of executables.",
        discussion: """
            On one machine a Pod is a process, and its image a program. martinet/agent-runner is built in.

            EXAMPLES
              ctl image add tools/scanner:1.0 ./scanner
              ctl image list
            """,
        subcommands: [Add.self, List.self, Remove.self]
    )

    struct Options: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "The plane's data directory; default: that of the kubeconfig, else ~/.martinet.",
                valueName: "directory"
            ),
            completion: .directory
        )
        var dataDir: String?

        @OptionGroup var global: GlobalOptions

        var output: OutputFormat? { global.output }

        /// The images of the plane that the options or the environment name.
        ///
        /// - Throws: `Failure` if that is a plane whose data directory is not known.
        func store() throws -> ImageStore {
            ImageStore(
                dataDirectory: try ImageCommand.dataDirectory(
                    dataDir,
                    kubeconfig: global.kubeconfig,
                    environment: ProcessInfo.processInfo.environment
                )
            )
        }

        /// Prints what became of one image.
        func show(_ image: ImageStore.Image, _ outcome: String) {
            if Printing.structured(ImageCommand.json(image), output, name: "image/\(image.name)") { return }
            Terminal.line("image \(image.name) \(outcome)")
        }
    }

    /// The data directory that a command means: the one given, or that of the plane whose kubeconfig is in use.
    ///
    /// A plane writes its kubeconfig into its data directory. Of a kubeconfig elsewhere it is not known which directory
    /// belongs to it, and an image in another plane's store would help nobody.
    static func dataDirectory(
        _ given: String?,
        kubeconfig: String?,
        environment: [String: String]
    ) throws(Failure) -> String {
        if let given { return given }
        let listed = environment["KUBECONFIG"].map { $0.split(separator: ":").map(String.init) } ?? []
        guard let file = kubeconfig ?? listed.first else { return "\(environment["HOME"] ?? "")/.martinet" }
        let folder = URL(filePath: file).standardized.resolvingSymlinksInPath().deletingLastPathComponent().path
        for name in ["objects.db", "lock"] where FileManager.default.fileExists(atPath: "\(folder)/\(name)") {
            return folder
        }
        let origin = kubeconfig == nil ? "KUBECONFIG" : "--kubeconfig"
        throw Failure(
            .refused,
            "\(origin) names \(file), which is not in the data directory of a plane on this machine; "
                + "name the plane's data directory with --data-dir"
        )
    }

    static func json(_ image: ImageStore.Image) -> JSONValue {
        [
            "name": .string(image.name), "path": .string(image.path),
            "addedAt": image.addedAt.map { .string($0.rfc3339) } ?? .null,
        ]
    }

    /// What is wrong with the image's name or its executable is wrong with the command's input.
    static func refusing<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as Failure {
            throw error
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }
}

extension ImageCommand {
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Adds an image: a name for an executable.",
            discussion: """
                The file stays where it is and is run from there. A name that is in use is replaced: running Pods \
                keep their program, and Pods that wait for the image start within seconds.

                EXAMPLES
                  ctl image add tools/scanner:1.0 ./scanner
                  ctl image add runner:dev .build/debug/agent-runner --data-dir /var/lib/martinet
                """
        )

        @Argument(help: ArgumentHelp("The name that Pods use; without a tag, latest.", valueName: "name:tag"))
        var name: String

        @Argument(help: ArgumentHelp("The executable.", valueName: "path"))
        var path: String

        @OptionGroup var options: Options

        func run() throws {
            let absolute = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
            let normal = URL(filePath: absolute).standardized.path
            let image = try ImageCommand.refusing { try options.store().add(name, path: normal) }
            options.show(image, "is \(image.path)")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Lists the images that were added.",
            discussion: """
                EXAMPLE
                  ctl image list -o json
                """
        )

        @OptionGroup var options: Options

        func run() throws {
            let store = try options.store()
            let images = store.list()
            let name = { (image: JSONValue) in "image/\(image["name"]?.stringValue ?? "")" }
            if Printing.structured(list: images.map(ImageCommand.json), options.output, name: name) { return }
            guard !images.isEmpty else {
                Terminal.note("No images in \(store.directory). Add one with: ctl image add NAME:TAG PATH")
                return
            }
            var table = Table("IMAGE", "PATH", ">AGE")
            for image in images {
                let isThere = FileManager.default.isExecutableFile(atPath: image.path)
                table.add([
                    .init(image.name), .init(image.path + (isThere ? "" : " (missing)"), isThere ? nil : .red),
                    .init(Printing.age(image.addedAt)),
                ])
            }
            Terminal.write(table.render())
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Removes an image; its file and running Pods are not touched.",
            discussion: """
                EXAMPLE
                  ctl image remove tools/scanner:1.0
                """
        )

        @Argument(help: ArgumentHelp("The image.", valueName: "name:tag"))
        var name: String

        @OptionGroup var options: Options

        func run() throws {
            let store = try options.store()
            let full = try ImageCommand.refusing { try ImageStore.fullName(name) }
            guard let image = store.list().first(where: { $0.name == full }), try store.remove(full) else {
                throw Failure(
                    .notFound,
                    "there is no image \(full) in \(store.directory); list them with: ctl image list"
                )
            }
            options.show(image, "removed")
        }
    }
}
