internal import APIMachinery

/// A value of one of Kubernetes' libraries, which expressions handle only through that library's functions.
public struct OpaqueValue: Sendable {
    enum Content: Sendable {
        case quantity(CELQuantity)
        case url(CELURL)
        case ip(IPAddress)
        case cidr(IPNetwork)
        case semver(SemanticVersion)
        case format(NamedFormat)
    }

    let content: Content

    init(_ content: Content) { self.content = content }

    static let quantityType = "kubernetes.Quantity"
    static let urlType = "kubernetes.URL"
    static let ipType = "net.IP"
    static let cidrType = "net.CIDR"
    static let semverType = "kubernetes.Semver"
    static let formatType = "kubernetes.NamedFormat"

    /// The name of the value's type.
    public var typeName: String {
        switch content {
        case .quantity: Self.quantityType
        case .url: Self.urlType
        case .ip: Self.ipType
        case .cidr: Self.cidrType
        case .semver: Self.semverType
        case .format: Self.formatType
        }
    }

    /// The value as text, as it stands in a document.
    public var text: String {
        switch content {
        case .quantity(let value): value.text
        case .url(let value): value.text
        case .ip(let value): value.text
        case .cidr(let value): value.text
        case .semver(let value): value.text
        case .format(let value): value.name
        }
    }

    func isEqual(to other: OpaqueValue) -> Bool {
        switch (content, other.content) {
        case (.quantity(let a), .quantity(let b)): a.order(to: b) == 0
        case (.url(let a), .url(let b)): a.text.equalsBytes(of: b.text)
        case (.ip(let a), .ip(let b)): a == b
        case (.cidr(let a), .cidr(let b)): a == b
        case (.semver(let a), .semver(let b)): a.order(to: b) == 0
        case (.format(let a), .format(let b)): a.name == b.name
        default: false
        }
    }
}
