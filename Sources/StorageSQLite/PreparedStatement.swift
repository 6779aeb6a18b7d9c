import APIMachinery
import GRDB
import GRDBSQLite

/// A prepared statement with the parameters and columns that the run store has, used through SQLite's own calls.
///
/// GRDB prepares, caches and owns the statement. Its general binding of values costs several times what the
/// statement itself does, and thousands of these run every second.
struct PreparedStatement {
    // Keeps the pointer alive.
    private let statement: Statement
    private let pointer: OpaquePointer
    private let connection: OpaquePointer?
    private var nextParameter: Int32 = 1

    /// The statement with that text, from the connection's cache.
    init(_ database: Database, _ sql: String) throws {
        statement = try database.cachedStatement(sql: sql)
        pointer = statement.sqliteStatement
        connection = database.sqliteConnection
        sqlite3_reset(pointer)
    }

    mutating func bind(_ value: Int64) {
        sqlite3_bind_int64(pointer, nextParameter, value)
        nextParameter += 1
    }

    mutating func bind(_ value: Int) { bind(Int64(value)) }

    mutating func bind(_ value: Bool) { bind(value ? 1 : 0) }

    mutating func bind(_ value: Timestamp) { bind(value.microseconds) }

    mutating func bindNull() {
        sqlite3_bind_null(pointer, nextParameter)
        nextParameter += 1
    }

    mutating func bind(_ value: Timestamp?) {
        if let value { bind(value.microseconds) } else { bindNull() }
    }

    mutating func bind(_ value: Int?) {
        if let value { bind(Int64(value)) } else { bindNull() }
    }

    /// SQLite copies the text before the call returns (its `SQLITE_TRANSIENT`, which is the pointer -1).
    mutating func bind(_ value: String) {
        var value = value
        if value.isEmpty {
            // The buffer of no bytes may have no address, which would mean NULL.
            sqlite3_bind_text(pointer, nextParameter, "", 0, Self.copied)
        } else {
            value.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { text in
                    _ = sqlite3_bind_text(pointer, nextParameter, text.baseAddress, Int32(text.count), Self.copied)
                }
            }
        }
        nextParameter += 1
    }

    mutating func bind(_ value: String?) {
        if let value { bind(value) } else { bindNull() }
    }

    /// Binds bytes; none at all become `NULL`, which takes no room.
    mutating func bind(_ value: [UInt8]) {
        if value.isEmpty {
            sqlite3_bind_null(pointer, nextParameter)
        } else {
            sqlite3_bind_blob(pointer, nextParameter, value, Int32(value.count), Self.copied)
        }
        nextParameter += 1
    }

    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    /// Goes to the next row; `false` after the last one. Resets the statement at the end and on failure.
    func step() throws -> Bool {
        switch sqlite3_step(pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            sqlite3_reset(pointer)
            return false
        case let code:
            let message = connection.map { String(cString: sqlite3_errmsg($0)) }
            sqlite3_reset(pointer)
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
        }
    }

    /// Runs a statement that has no rows, or whose rows do not matter.
    func run() throws {
        while try step() {}
    }

    /// The first row, read by the closure.
    func first<Value>(_ read: (inout Columns) throws -> Value) throws -> Value? {
        guard try step() else { return nil }
        defer { sqlite3_reset(pointer) }
        var columns = Columns(pointer: pointer)
        return try read(&columns)
    }

    /// Hands the rows over until the closure has enough.
    func forEach(_ read: (inout Columns) throws -> Bool) throws {
        defer { sqlite3_reset(pointer) }
        while try step() {
            var columns = Columns(pointer: pointer)
            guard try read(&columns) else { return }
        }
    }

    /// Every row, read by the closure.
    func all<Value>(_ read: (inout Columns) throws -> Value) throws -> [Value] {
        var result: [Value] = []
        try forEach { columns in
            result.append(try read(&columns))
            return true
        }
        return result
    }
}

/// The current row's columns, read from left to right.
struct Columns {
    private let pointer: OpaquePointer
    private var next: Int32 = 0

    init(pointer: OpaquePointer) { self.pointer = pointer }

    mutating func integer() -> Int64 {
        defer { next += 1 }
        return sqlite3_column_int64(pointer, next)
    }

    mutating func int() -> Int { Int(integer()) }

    mutating func bool() -> Bool { integer() != 0 }

    mutating func isNull() -> Bool { sqlite3_column_type(pointer, next) == SQLITE_NULL }

    mutating func skip() { next += 1 }

    mutating func optionalInteger() -> Int64? {
        if isNull() {
            skip()
            return nil
        }
        return integer()
    }

    mutating func timestamp() -> Timestamp { Timestamp(microseconds: integer()) }

    mutating func optionalTimestamp() -> Timestamp? { optionalInteger().map(Timestamp.init(microseconds:)) }

    mutating func text() -> String {
        defer { next += 1 }
        guard let start = sqlite3_column_text(pointer, next) else { return "" }
        let count = Int(sqlite3_column_bytes(pointer, next))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    mutating func optionalText() -> String? {
        if isNull() {
            skip()
            return nil
        }
        return text()
    }

    mutating func bytes() -> [UInt8] {
        defer { next += 1 }
        guard let start = sqlite3_column_blob(pointer, next) else { return [] }
        let count = Int(sqlite3_column_bytes(pointer, next))
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// The bytes of a text or a blob where SQLite has them, for as long as the closure runs; none for `NULL`.
    mutating func raw<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        defer { next += 1 }
        let start = sqlite3_column_blob(pointer, next)
        let count = start == nil ? 0 : Int(sqlite3_column_bytes(pointer, next))
        return try body(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// A value stored as the number of an enumeration's case.
    mutating func value<Value: RawRepresentable>(_ type: Value.Type) throws -> Value where Value.RawValue == Int64 {
        let number = integer()
        guard let value = Value(rawValue: number) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "\(number) is not a \(type)")
        }
        return value
    }
}
