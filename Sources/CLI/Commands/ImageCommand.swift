import APIMachinery
import ArgumentParser
import FoundationEssentials
import ImageStore

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Looks after the images of a plane on this machine: names that stand for executables.",
        discussion: """
            On one machine a Pod is a process, and its image a program. martinet/agent-runner is built in.

            EXAMPLES
              ctl image add tools/scanner:1.0 ./scanner
              ctl image list
            """,
        subcommands: [Add.self, List.self, Remove.self]
    )

    struct Options: ParsableArguments {
        @Option(help: ArgumentHelp("The plane's data directory; default: ~/.martinet.", valueName: "directory"))
        var dataDir: String?

        @Option(name: [.short, .long], help: "How to print: table, wide, json, yaml or name.")
        var output: OutputFormat?

        var store: ImageStore {
            let home = ProcessInfo.processInfo.environment["HOME"] ?? ""
            return ImageStore(dataDirectory: dataDir ?? "\(home)/.martinet")
        }

        /// Prints what became of one image.
        func show(_ image: ImageStore.Image, _ outcome: String) {
            if Printing.structured(ImageCommand.json(image), output, name: "image/\(image.name)") { return }
            Terminal.line("image \(image.name) \(outcome)")
        }
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
            abstract: "Lets an image name stand for an executable.",
            discussion: """
                The file stays where it is and is run from there. A name that is taken is given anew; Pods that run \
                go on with what they have, and Pods that wait for the image start within seconds.

                EXAMPLES
                  ctl image add tools/scanner:1.0 ./scanner
                  ctl image add runner:dev .build/debug/agent-runner --data-dir /var/lib/martinet
                """
        )

        @Argument(help: ArgumentHelp("As Pods will call it; no tag means latest.", valueName: "name:tag"))
        var name: String

        @Argument(help: ArgumentHelp("The executable.", valueName: "path"))
        var path: String

        @OptionGroup var options: Options

        func run() throws {
            let absolute = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
            let normal = URL(filePath: absolute).standardized.path
            let image = try ImageCommand.refusing { try options.store.add(name, path: normal) }
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
            let images = options.store.list()
            let name = { (image: JSONValue) in "image/\(image["name"]?.stringValue ?? "")" }
            if Printing.structured(list: images.map(ImageCommand.json), options.output, name: name) { return }
            guard !images.isEmpty else {
                Terminal.note("No images in \(options.store.directory). Add one with: ctl image add NAME:TAG PATH")
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
            abstract: "Forgets an image; its file stays, and what runs goes on.",
            discussion: """
                EXAMPLE
                  ctl image remove tools/scanner:1.0
                """
        )

        @Argument(help: ArgumentHelp("The image.", valueName: "name:tag"))
        var name: String

        @OptionGroup var options: Options

        func run() throws {
            let store = options.store
            let full = try ImageCommand.refusing { try ImageStore.fullName(name) }
            guard let image = store.list().first(where: { $0.name == full }), try store.remove(full) else {
                throw Failure(.notFound, "there is no image \(full) in \(store.directory); see ctl image list")
            }
            options.show(image, "removed")
        }
    }
}
