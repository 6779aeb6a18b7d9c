extension FunctionLibrary {
    private static let ip = CELType.opaque(OpaqueValue.ipType)
    private static let cidr = CELType.opaque(OpaqueValue.cidrType)

    /// Kubernetes' addresses and networks.
    static let networkFunctions: [FunctionDeclaration] = [
        FunctionDeclaration(
            "ip",
            .global(
                [.string],
                ip,
                text { text throws(EvaluationFailure) in
                    .opaque(OpaqueValue(.ip(try IPAddress(parsing: text))))
                }
            ),
            .member([cidr], ip, network { .opaque(OpaqueValue(.ip($0.address))) })
        ),
        FunctionDeclaration(
            "isIP",
            .global(
                [.string],
                .bool,
                text { text throws(EvaluationFailure) in
                    // Whether it can be read is the question.
                    .bool((try? IPAddress(parsing: text)) != nil)
                }
            )
        ),
        FunctionDeclaration(
            "ip.isCanonical",
            .global(
                [.string],
                .bool,
                text { text throws(EvaluationFailure) in
                    .bool(try IPAddress(parsing: text).text == text)
                }
            )
        ),
        FunctionDeclaration("family", .member([ip], .int, address { .int($0.isVersion4 ? 4 : 6) })),
        FunctionDeclaration("isUnspecified", .member([ip], .bool, address { .bool($0.isUnspecified) })),
        FunctionDeclaration("isLoopback", .member([ip], .bool, address { .bool($0.isLoopback) })),
        FunctionDeclaration("isLinkLocalMulticast", .member([ip], .bool, address { .bool($0.isLinkLocalMulticast) })),
        FunctionDeclaration("isLinkLocalUnicast", .member([ip], .bool, address { .bool($0.isLinkLocalUnicast) })),
        FunctionDeclaration("isGlobalUnicast", .member([ip], .bool, address { .bool($0.isGlobalUnicast) })),
        FunctionDeclaration(
            "string",
            .global([ip], .string, address { .string($0.text) }),
            .global([cidr], .string, network { .string($0.text) })
        ),
        FunctionDeclaration(
            "cidr",
            .global(
                [.string],
                cidr,
                text { text throws(EvaluationFailure) in
                    .opaque(OpaqueValue(.cidr(try IPNetwork(parsing: text))))
                }
            )
        ),
        FunctionDeclaration(
            "isCIDR",
            .global(
                [.string],
                .bool,
                text { text throws(EvaluationFailure) in
                    // Whether it can be read is the question.
                    .bool((try? IPNetwork(parsing: text)) != nil)
                }
            )
        ),
        FunctionDeclaration(
            "containsIP",
            .member([cidr, .string], .bool, .binary(containsIP)),
            .member([cidr, ip], .bool, .binary(containsIP))
        ),
        FunctionDeclaration(
            "containsCIDR",
            .member([cidr, .string], .bool, .binary(containsCIDR)),
            .member([cidr, cidr], .bool, .binary(containsCIDR))
        ),
        FunctionDeclaration("prefixLength", .member([cidr], .int, network { .int(Int64($0.prefixLength)) })),
        FunctionDeclaration("masked", .member([cidr], cidr, network { .opaque(OpaqueValue(.cidr($0.masked))) })),
    ]

    /// A function of an address.
    private static func address(_ body: @escaping @Sendable (IPAddress) -> CELValue) -> Implementation {
        .unary { value, _ throws(EvaluationFailure) in
            guard case .opaque(let opaque) = value, case .ip(let address) = opaque.content else {
                throw .noSuchOverload
            }
            return body(address)
        }
    }

    /// A function of a network.
    private static func network(_ body: @escaping @Sendable (IPNetwork) -> CELValue) -> Implementation {
        .unary { value, _ throws(EvaluationFailure) in body(try network(of: value)) }
    }

    private static func network(of value: CELValue) throws(EvaluationFailure) -> IPNetwork {
        guard case .opaque(let opaque) = value, case .cidr(let network) = opaque.content else {
            throw .noSuchOverload
        }
        return network
    }

    /// Whether an address, given as one or as its text, is in the network. One of another version never is.
    private static let containsIP: Implementation.Binary = { value, other, _ throws(EvaluationFailure) in
        let network = try FunctionLibrary.network(of: value)
        switch other {
        case .string(let text): return .bool(network.contains(try IPAddress(parsing: text)))
        case .opaque(let opaque):
            guard case .ip(let address) = opaque.content else { throw .noSuchOverload }
            return .bool(network.contains(address))
        default: throw .noSuchOverload
        }
    }

    /// Whether all addresses of another network are in this one.
    private static let containsCIDR: Implementation.Binary = { value, other, _ throws(EvaluationFailure) in
        let network = try FunctionLibrary.network(of: value)
        if case .string(let text) = other { return .bool(network.contains(try IPNetwork(parsing: text))) }
        return .bool(network.contains(try FunctionLibrary.network(of: other)))
    }
}
