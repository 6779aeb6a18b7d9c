/// Why a connection was not let go on.
enum ConnectionEnd: String { case timeout, tooMany = "too_many" }
