import APIMachinery
import FoundationEssentials
import Glibc
import RunEngine
import Storage

/// The runs as a part of a backup.
struct RunBackup: BackupPart {
    let engine: RunEngine

    func write(to writer: BackupWriter) async throws {
        try await engine.store.read { reader in try RunRestoration.write(reader, to: writer) }
    }

    func restore(_ backup: BackupFile, isDryRun: Bool) async throws -> [RestoreCount] {
        if isDryRun { return [try await engine.store.read { try RunRestoration.plan(backup, over: $0) }] }
        let count = try await engine.store.transaction { try RunRestoration.apply(backup, to: $0) }
        try await engine.reload()
        return [count]
    }
}

/// The image store's files as a part of a backup: which names stand for which programs.
struct ImageBackup: BackupPart {
    let directory: String

    func write(to writer: BackupWriter) async throws {
        for (name, bytes) in try files().sorted(by: { $0.key < $1.key }) {
            try writer.append(.image(name: name, bytes: bytes))
        }
    }

    func restore(_ backup: BackupFile, isDryRun: Bool) async throws -> [RestoreCount] {
        var count = RestoreCount(resource: "images")
        var wanted: [String: [UInt8]] = [:]
        try backup.forEach { entry in
            if case .image(let name, let bytes) = entry { wanted[name] = bytes }
        }
        let found = try files()
        for (name, bytes) in wanted where found[name] != bytes {
            guard !name.contains("/"), !name.hasPrefix(".") else {
                throw BackupError("the backup has an image file \"\(name)\", which is not a valid name")
            }
            if found[name] == nil { count.created += 1 } else { count.updated += 1 }
            if !isDryRun { try replace(name, bytes) }
        }
        for name in found.keys where wanted[name] == nil {
            count.deleted += 1
            if !isDryRun { try FileManager.default.removeItem(atPath: "\(directory)/\(name)") }
        }
        count.unchanged = wanted.count - count.created - count.updated
        return [count]
    }

    /// All of the store's files; none before the first image was added.
    ///
    /// - Throws: `BackupError` naming what cannot be read: a backup without it would be taken for a whole one.
    private func files() throws -> [String: [UInt8]] {
        guard FileManager.default.fileExists(atPath: directory) else { return [:] }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw BackupError("the image store \(directory) cannot be listed: \(error)")
        }
        var files: [String: [UInt8]] = [:]
        for name in names where !name.hasPrefix(".") {
            guard let data = FileManager.default.contents(atPath: "\(directory)/\(name)") else {
                throw BackupError("\(directory)/\(name) cannot be read; make it readable, or remove it")
            }
            // A line of a backup has no line feed; the files are JSON, to which spaces mean nothing.
            files[name] = data.map { $0 == 0x0A ? 0x20 : $0 }
        }
        return files
    }

    private func replace(_ name: String, _ bytes: [UInt8]) throws {
        do {
            try PrivateFiles.makeDirectory(directory)
            try PrivateFiles.write(bytes, to: "\(directory)/\(name)")
        } catch { throw BackupError("\(error)") }
    }
}
