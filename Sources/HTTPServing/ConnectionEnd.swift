/// Why a connection was not let go on.
package enum ConnectionEnd: String { case timeout, tooMany = "too_many" }
