import APIMachinery
import NIOCore

/// Addresses that are written in another form than the usual one (`GetWarningsForIP`).
enum PodAddressWarnings {
    static func all(_ spec: JSONValue, _ path: FieldPath) -> [String] {
        let servers = (spec["dnsConfig"] ?? .null).list("nameservers").enumerated().compactMap { index, server in
            warning(server, path.child("dnsConfig", "nameservers").index(index))
        }
        let aliases = spec.list("hostAliases").enumerated().compactMap { index, alias in
            warning(alias["ip"] ?? .null, path.child("hostAliases").index(index).child("ip"))
        }
        return servers + aliases
    }

    private static func warning(_ value: JSONValue, _ path: FieldPath) -> String? {
        // What cannot be read is refused, with the reason.
        guard let text = value.stringValue, text.contains(":"),
            // What is no address is refused elsewhere.
            let usual = try? SocketAddress(ipAddress: text, port: 0).ipAddress
        else { return nil }
        let mapped = "::ffff:"
        if usual.hasPrefix(mapped), usual.contains(".") {
            return "\(path): non-standard IP address \(GoText.quoted(text)) will be considered invalid in a future "
                + "Kubernetes release: use \(GoText.quoted(String(usual.dropFirst(mapped.utf8.count))))"
        }
        guard usual != text else { return nil }
        return "\(path): IPv6 address \(GoText.quoted(text)) should be in RFC 5952 canonical format "
            + "(\(GoText.quoted(usual)))"
    }
}
