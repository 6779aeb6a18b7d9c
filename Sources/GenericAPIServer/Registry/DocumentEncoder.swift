package import APIMachinery
package import Storage

/// Turns objects into the bytes that are stored and sent.
///
/// `apiVersion` and `kind` come first, in this order, whatever else there is. So the same bytes serve another
/// version, or the items of a built-in list, which carry neither, by exchanging a prefix of known length.
package enum DocumentEncoder {
    /// The document with a gap for its resourceVersion.
    package static func encode(_ object: JSONValue) -> RevisionedDocument {
        var output: [UInt8] = []
        var gap = 0
        open(object, into: &output)
        for (key, value) in object.objectValue ?? [:] where key != "apiVersion" && key != "kind" {
            output.append(UInt8(ascii: ","))
            JSONWriter.append(quoted: key, to: &output)
            output.append(UInt8(ascii: ":"))
            if key == "metadata", let members = value.objectValue {
                metadata(members, into: &output, gap: &gap)
            } else {
                output.append(contentsOf: value.bytes)
            }
        }
        output.append(UInt8(ascii: "}"))
        return RevisionedDocument(bytes: output, gap: gap)
    }

    /// The document as it stands.
    package static func bytes(_ object: JSONValue) -> [UInt8] {
        var output: [UInt8] = []
        open(object, into: &output)
        for (key, value) in object.objectValue ?? [:] where key != "apiVersion" && key != "kind" {
            output.append(UInt8(ascii: ","))
            JSONWriter.append(quoted: key, to: &output)
            output.append(UInt8(ascii: ":"))
            output.append(contentsOf: value.bytes)
        }
        output.append(UInt8(ascii: "}"))
        return output
    }

    /// How many bytes of a stored document say its apiVersion and kind, the opening brace included.
    static func prefixLength(apiVersion: String, kind: String) -> Int { prefix(apiVersion, kind).count }

    /// The document said to be of another version.
    static func rewrite(_ bytes: [UInt8], from old: Int, apiVersion: String, kind: String) -> [UInt8] {
        prefix(apiVersion, kind) + bytes[old...]
    }

    private static func prefix(_ apiVersion: String, _ kind: String) -> [UInt8] {
        var output: [UInt8] = []
        open(["apiVersion": .string(apiVersion), "kind": .string(kind)], into: &output)
        return output
    }

    private static func open(_ object: JSONValue, into output: inout [UInt8]) {
        output.append(contentsOf: "{\"apiVersion\":".utf8)
        JSONWriter.append(quoted: object["apiVersion"]?.stringValue ?? "", to: &output)
        output.append(contentsOf: ",\"kind\":".utf8)
        JSONWriter.append(quoted: object["kind"]?.stringValue ?? "", to: &output)
    }

    private static func metadata(_ members: JSONObject, into output: inout [UInt8], gap: inout Int) {
        output.append(UInt8(ascii: "{"))
        // The gap comes first: where it is among the others matters to nobody.
        output.append(contentsOf: "\"resourceVersion\":\"".utf8)
        gap = output.count
        output.append(UInt8(ascii: "\""))
        for (key, value) in members where key != "resourceVersion" {
            output.append(UInt8(ascii: ","))
            JSONWriter.append(quoted: key, to: &output)
            output.append(UInt8(ascii: ":"))
            output.append(contentsOf: value.bytes)
        }
        output.append(UInt8(ascii: "}"))
    }
}
