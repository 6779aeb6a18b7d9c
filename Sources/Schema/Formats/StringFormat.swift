/// The string formats that the API server checks (`k8s.io/kube-openapi/pkg/validation/strfmt`). Other formats in a
/// schema are documentation only.
enum StringFormat: String, Sendable, CaseIterable {
    case bsonobjectid, uri, email, hostname, ipv4, ipv6, cidr, mac, uuid, uuid3, uuid4, uuid5
    case isbn, isbn10, isbn13, creditcard, ssn, hexcolor, rgbcolor, byte, password, date, duration, datetime
    case shortName = "k8sshortname"
    case longName = "k8slongname"

    /// The format of that name, dashes aside: `date-time` is `datetime`.
    init?(named name: String) {
        guard !name.isEmpty else { return nil }
        self.init(rawValue: name.filter { $0 != "-" })
    }

    /// Whether the text is written in this format.
    func accepts(_ text: String) -> Bool {
        switch self {
        case .bsonobjectid: text.utf8.count == 24 && text.utf8.allSatisfy(ASCII.isHexadecimal)
        case .uri: URIFormat.accepts(text)
        case .email: EmailFormat.accepts(text)
        case .hostname: HostFormats.isHostname(text)
        case .ipv4: AddressFormats.isIPv4(text)
        case .ipv6: AddressFormats.isIPv6(text)
        case .cidr: AddressFormats.isCIDR(text)
        case .mac: AddressFormats.isMAC(text)
        case .uuid: IdentifierFormats.isUUID(text, version: nil)
        case .uuid3: IdentifierFormats.isUUID(text, version: 3)
        case .uuid4: IdentifierFormats.isUUID(text, version: 4)
        case .uuid5: IdentifierFormats.isUUID(text, version: 5)
        case .isbn: IdentifierFormats.isISBN10(text) || IdentifierFormats.isISBN13(text)
        case .isbn10: IdentifierFormats.isISBN10(text)
        case .isbn13: IdentifierFormats.isISBN13(text)
        case .creditcard: IdentifierFormats.isCreditCard(text)
        case .ssn: IdentifierFormats.isSocialSecurityNumber(text)
        case .hexcolor: IdentifierFormats.isHexColor(text)
        case .rgbcolor: IdentifierFormats.isRGBColor(text)
        case .byte: IdentifierFormats.isBase64(text)
        case .password: true
        case .date: TimeFormats.isDate(text)
        case .duration: TimeFormats.isDuration(text)
        case .datetime: TimeFormats.isDateTime(text)
        case .shortName: HostFormats.isShortName(text)
        case .longName: HostFormats.isLongName(text)
        }
    }
}

/// Classes of ASCII bytes.
enum ASCII {
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    static func isLowercase(_ byte: UInt8) -> Bool { byte &- 0x61 < 26 }

    static func isHexadecimal(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 0x61 < 6 }

    /// The value of digits only, if there are any and they fit.
    static func number(_ bytes: some Sequence<UInt8>) -> Int? {
        var value = 0
        var any = false
        for byte in bytes {
            guard isDigit(byte), value < 100_000_000 else { return nil }
            value = value * 10 + Int(byte - 0x30)
            any = true
        }
        return any ? value : nil
    }
}
