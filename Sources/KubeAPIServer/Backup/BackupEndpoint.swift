import APIMachinery
import FoundationEssentials
import GenericAPIServer
import Glibc
import HTTPServing
import Hummingbird
import NIOCore
import Storage

/// `GET /martinet/v1/backup` and `POST /martinet/v1/restore`: for administrators, as a backup holds every Secret.
struct BackupEndpoint: StreamingEndpoint {
    static let backupPath = "/martinet/v1/backup"
    static let restorePath = "/martinet/v1/restore"
    private static let chunkSize = 256 << 10

    let dispatcher: Dispatcher
    let backups: Backups

    /// The answer, if the path is one of these. Bodies of any size are taken: they go to the disk as they come.
    func respond(
        to request: APIRequest,
        body: RequestBody
    ) async -> APIResponse? {
        guard request.path == Self.backupPath || request.path == Self.restorePath else { return nil }
        return await dispatcher.respond(to: request) { request throws(Status) in
            switch (request.path, request.method) {
            case (Self.backupPath, "GET"): return try await backup()
            case (Self.restorePath, "POST"): return try await restore(request, body)
            default: throw Dispatcher.methodNotOffered
            }
        }
    }

    private func backup() async throws(Status) -> APIResponse {
        let path: String
        do {
            path = try await backups.make()
        } catch {
            throw .internalError("no backup was made: \(error)")
        }
        let file = OpenFile(path)
        // The open file stays readable; a killed process leaves none behind.
        unlink(path)
        guard let file else {
            throw .internalError("the backup cannot be read back: \(String(cString: strerror(errno)))")
        }
        return APIResponse(
            contentType: "application/vnd.martinet.backup",
            body: .stream(
                StreamingBody {
                } run: { sink in
                    while let chunk = try file.read(Self.chunkSize) { try await sink.write(chunk) }
                }
            )
        )
    }

    private func restore(
        _ request: APIRequest,
        _ body: some AsyncSequence<ByteBuffer, any Error> & Sendable
    ) async throws(Status) -> APIResponse {
        let path = backups.temporaryPath("restore")
        defer { unlink(path) }
        do {
            try await PrivateFiles.write(body, to: path)
        } catch {
            throw .badRequest("the backup was not received, nothing was changed: \(error)")
        }
        let isDryRun = request.query["dryRun"] == "All"
        let (backup, counts) = try await backups.restore(from: path, isDryRun: isDryRun)
        let items = counts.map { count -> JSONValue in
            [
                "resource": .string(count.resource), "created": .int(Int64(count.created)),
                "updated": .int(Int64(count.updated)), "deleted": .int(Int64(count.deleted)),
                "unchanged": .int(Int64(count.unchanged)),
            ]
        }
        return .json([
            "dryRun": .bool(isDryRun), "createdAt": .string(backup.createdAt.rfc3339),
            "program": .string(backup.program), "items": .array(items),
        ])
    }
}

/// A file that is open for reading, until nobody has it any more.
private final class OpenFile: Sendable {
    private let descriptor: Int32

    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    /// The next bytes; `nil` at the end.
    func read(_ size: Int) throws -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = max(0, Glibc.read(descriptor, buffer.baseAddress, size))
        }
        return bytes.isEmpty ? nil : bytes
    }
}
