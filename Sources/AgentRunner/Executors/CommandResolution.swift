import Glibc

/// Finds the file that a command's first word names, as a shell would, so that a wrong word gets a clear answer.
enum CommandResolution {
    /// The file to execute.
    ///
    /// - Parameters:
    ///   - path: the `PATH` that the program itself is going to have, not the runner's.
    ///   - directory: where relative names begin; `nil` is the runner's own.
    static func resolve(_ program: String, path: String?, directory: String?) throws(JobError) -> String {
        if program.contains("/") {
            if let error = problem(with: absolute(program, directory)) {
                throw failure(program, error, where: "")
            }
            return program
        }
        let searched = path ?? "/usr/local/bin:/usr/bin:/bin"
        var forbidden: JobError?
        for entry in searched.split(separator: ":", omittingEmptySubsequences: false) {
            let candidate = (entry.isEmpty ? "." : entry) + "/" + program
            switch problem(with: absolute(candidate, directory)) {
            case nil: return candidate
            case ENOENT?, ENOTDIR?: continue
            case let code?: forbidden = forbidden ?? failure(program, code, where: " (\(candidate))")
            }
        }
        throw forbidden
            ?? JobError(
                "CommandNotFound",
                "the program \"\(program)\" was not found in PATH (\(searched)): install it where the runner runs, "
                    + "or give its full path in with.command[0]",
                retryable: false
            )
    }

    /// Checks that the directory can be worked in.
    static func check(directory: String) throws(JobError) {
        var status = stat()
        guard stat(directory, &status) == 0 else {
            throw JobError(
                "WorkingDirectoryNotFound",
                "with.workingDirectory \"\(directory)\": \(Errno(code: errno)); it must exist where the runner runs",
                retryable: false
            )
        }
        guard status.st_mode & S_IFMT == S_IFDIR, access(directory, X_OK) == 0 else {
            throw JobError(
                "WorkingDirectoryNotFound",
                "with.workingDirectory \"\(directory)\" is not a directory that the runner may enter",
                retryable: false
            )
        }
    }

    /// What a failed start means.
    static func explain(_ error: ProcessStartError, program: String, argumentBytes: Int) -> JobError {
        switch error {
        case .spawn(let errno) where errno.code == E2BIG:
            return JobError(
                "ArgumentsTooLong",
                "the command line and environment of \"\(program)\" take \(argumentBytes) bytes, more than the system "
                    + "allows: pass large data as with.input, which is also written to standard input",
                retryable: false
            )
        case .spawn(let errno) where [ENOENT, EACCES, ENOEXEC, ENOTDIR, ELOOP, EISDIR].contains(errno.code):
            return failure(program, errno.code, where: "")
        case .spawn(let errno), .pipes(let errno), .thread(let errno):
            return JobError(
                "SpawnFailed",
                "\"\(program)\" could not be started: \(errno); the runner may be short of processes, memory or files",
                retryable: true
            )
        }
    }

    private static func failure(_ program: String, _ code: Int32, where place: String) -> JobError {
        switch code {
        case ENOEXEC:
            return JobError(
                "CommandNotExecutable",
                "\"\(program)\"\(place) is neither a binary for this machine nor a script: a script begins with #! and "
                    + "its interpreter",
                retryable: false
            )
        case EACCES, EISDIR:
            return JobError(
                "CommandNotExecutable",
                "\"\(program)\"\(place) is not an executable file: allow it with chmod +x, or name its interpreter "
                    + "before it in with.command",
                retryable: false
            )
        default:
            return JobError(
                "CommandNotFound",
                "the program \"\(program)\" or the interpreter it names was not found: \(Errno(code: code))",
                retryable: false
            )
        }
    }

    /// The error number that executing the file would meet, as far as one can see beforehand.
    private static func problem(with path: String) -> Int32? {
        var status = stat()
        guard stat(path, &status) == 0 else { return errno }
        guard status.st_mode & S_IFMT == S_IFREG else { return EISDIR }
        return access(path, X_OK) == 0 ? nil : errno
    }

    private static func absolute(_ path: String, _ directory: String?) -> String {
        guard let directory, !path.hasPrefix("/") else { return path }
        return directory + "/" + path
    }
}
