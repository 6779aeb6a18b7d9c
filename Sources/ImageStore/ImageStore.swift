public import APIMachinery
import FoundationEssentials
import Glibc

/// The images of this node: names with tags that stand for executables on this machine.
///
/// One file for each image under `images/` in the data directory, so that `ctl image add` and a running node need no
/// other agreement: `images/NAME:TAG` (with `/` as `%2F`) holds `{"path": …, "addedAt": …}`. Built-in images are given
/// by the caller and win over files.
public struct ImageStore: Sendable {
    /// What an image name stands for.
    public struct Image: Sendable, Hashable {
        /// The name in full, with its tag.
        public var name: String
        /// The executable.
        public var path: String
        public var addedAt: Timestamp?
        /// Comes with Martinet.
        public var isBuiltIn: Bool
    }

    /// A text that is not an image's name, or a path that cannot be run.
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        public var description: String
    }

    /// Where the files are.
    public let directory: String
    private let builtIn: [String: String]

    /// The store of a data directory; `builtIn` maps full names to executables.
    public init(dataDirectory: String, builtIn: [String: String] = [:]) {
        directory = "\(dataDirectory)/images"
        self.builtIn = builtIn
    }

    /// A name with the tag that it stands for: no tag means `latest`.
    ///
    /// Throws a `Failure` for what cannot be an image's name.
    public static func fullName(_ name: String) throws(Failure) -> String {
        let last = name.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        let allowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "./-_:@".utf8.contains(byte)
            }
        }
        guard allowed, !last.isEmpty, !last.hasPrefix(":"), !name.hasPrefix("/"), name.utf8.count <= 200 else {
            throw Failure(
                description: "couldn't parse image name \"\(name)\": invalid reference format; use NAME:TAG, "
                    + "for instance tools/scanner:1.0"
            )
        }
        return last.contains(":") || last.contains("@") ? name : "\(name):latest"
    }

    /// Finds the executable of an image. Throws a `Failure` that says how to add it.
    public func resolve(_ name: String) throws(Failure) -> Image {
        let full = try Self.fullName(name)
        if let path = builtIn[full] { return Image(name: full, path: path, addedAt: nil, isBuiltIn: true) }
        let file = file(for: full)
        guard FileManager.default.fileExists(atPath: file) else {
            throw Failure(
                description: "image \"\(full)\" is not in this node's image store; add it with: "
                    + "ctl image add \(full) PATH"
            )
        }
        let image = try read(file, full)
        guard access(image.path, X_OK) == 0 else {
            throw Failure(
                description: "image \"\(full)\": \(image.path) cannot be executed: \(String(cString: strerror(errno)));"
                    + " add it again with: ctl image add \(full) PATH"
            )
        }
        return image
    }

    /// Lets a name stand for an executable from now on. Pods that wait for the image start within seconds.
    @discardableResult
    public func add(_ name: String, path: String, at time: Timestamp = .now()) throws -> Image {
        let full = try Self.fullName(name)
        guard builtIn[full] == nil else {
            throw Failure(description: "image \"\(full)\" is built in; choose another tag")
        }
        guard path.hasPrefix("/") else { throw Failure(description: "\(path): must be an absolute path") }
        guard access(path, X_OK) == 0 else {
            throw Failure(
                description:
                    "\(path): cannot be executed: \(String(cString: strerror(errno))); check the path, and chmod +x it"
            )
        }
        var isDirectory = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory {
            throw Failure(description: "\(path): is a directory; give the executable itself")
        }
        try PrivateFiles.makeDirectory(directory)
        let content: JSONValue = ["path": .string(path), "addedAt": .string(time.rfc3339)]
        try PrivateFiles.write(content.bytes, to: file(for: full))
        return Image(name: full, path: path, addedAt: time.truncatedToSeconds, isBuiltIn: false)
    }

    /// Removes an image; what runs goes on. False if it was not there.
    public func remove(_ name: String) throws -> Bool {
        let path = file(for: try Self.fullName(name))
        guard FileManager.default.fileExists(atPath: path) else { return false }
        try FileManager.default.removeItem(atPath: path)
        return true
    }

    /// All images, sorted by name. One whose file cannot be read has no path.
    public func list() -> [Image] {
        // Without the directory no image has been added.
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let added = files.compactMap { file -> Image? in
            guard !file.hasPrefix(".") else { return nil }
            let name = file.replacing("%2F", with: "/")
            do {
                return try read("\(directory)/\(file)", name)
            } catch {
                return Image(name: name, path: "", addedAt: nil, isBuiltIn: false)
            }
        }
        let fixed = builtIn.map { Image(name: $0.key, path: $0.value, addedAt: nil, isBuiltIn: true) }
        return (added + fixed).sorted { $0.name < $1.name }
    }

    /// Changes whenever an image is added or removed.
    public var version: Timestamp? {
        var status = stat()
        guard stat(directory, &status) == 0 else { return nil }
        return Timestamp(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
    }

    private func file(for full: String) -> String { "\(directory)/\(full.replacing("/", with: "%2F"))" }

    private func read(_ file: String, _ name: String) throws(Failure) -> Image {
        do {
            let json = try JSONValue(parsing: Data(contentsOf: URL(filePath: file)))
            guard let path = json["path"]?.stringValue else {
                throw Failure(description: "its file has no path")
            }
            let time = json["addedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:))
            return Image(name: name, path: path, addedAt: time, isBuiltIn: false)
        } catch {
            throw Failure(
                description:
                    "image \"\(name)\" cannot be read (\(error)); add it again with: ctl image add \(name) PATH"
            )
        }
    }
}
