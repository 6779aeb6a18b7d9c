import APIMachinery
import TestSupport
import Testing

@Suite struct SelectorTests {
    private func maps(_ value: JSONValue?) -> [[String: String]] {
        (value?.arrayValue ?? []).map { map in
            Dictionary(uniqueKeysWithValues: (map.objectValue ?? [:]).map { ($0.key, $0.value.stringValue ?? "") })
        }
    }

    @Test func goldenLabelSelectors() throws {
        for vector in try Golden.cases("selectors.json", op: "label") {
            let text = vector.text("selector")
            if let wanted = vector.want["error"]?["message"]?.stringValue {
                do {
                    let selector = try Selector(parsing: text)
                    Issue.record("\(vector): \(text) was read as \(selector)")
                } catch {
                    #expect(error.description == wanted, "\(vector): \(text)")
                }
                continue
            }
            let selector = try Selector(parsing: text)
            #expect(selector.description == vector.want["canonical"]?.stringValue, "\(vector): \(text)")
            let matches = maps(vector["labels"]).map { JSONValue.bool(selector.matches($0)) }
            #expect(.array(matches) == vector.want["matches"], "\(vector): \(text)")
            #expect(try Selector(parsing: selector.description) == selector, "\(vector): \(text)")
        }
    }

    @Test func goldenFieldSelectors() throws {
        for vector in try Golden.cases("selectors.json", op: "field") {
            let text = vector.text("selector")
            if let wanted = vector.want["error"]?["message"]?.stringValue {
                do {
                    let selector = try FieldSelector(parsing: text)
                    Issue.record("\(vector): \(text) was read as \(selector)")
                } catch {
                    #expect(error.description == wanted, "\(vector): \(text)")
                }
                continue
            }
            let selector = try FieldSelector(parsing: text)
            #expect(selector.description == vector.want["canonical"]?.stringValue, "\(vector): \(text)")
            let terms = selector.requirements.map {
                ["field": .string($0.field), "op": .string($0.operator.rawValue), "value": .string($0.value)]
                    as JSONValue
            }
            #expect(.array(terms) == vector.want["terms"], "\(vector): \(text)")
            let matches = maps(vector["fields"]).map { JSONValue.bool(selector.matches($0)) }
            #expect(.array(matches) == vector.want["matches"], "\(vector): \(text)")
        }
    }

    @Test func goldenSelectorObjects() throws {
        for vector in try Golden.cases("selectors.json", op: "object") {
            let json = vector["selector"] ?? .null
            let object = json.isNull ? nil : try JSONValueDecoder().decode(LabelSelector.self, from: json)
            let errors = (object?.validate(at: .root) ?? []).map {
                ["field": .string($0.field), "type": .string($0.reason.rawValue)] as JSONValue
            }
            if let wanted = vector.want["errors"]?.arrayValue {
                let expected = wanted.map { ["field": $0["field"] ?? "", "type": $0["type"] ?? ""] as JSONValue }
                #expect(errors == expected, "\(vector)")
                do {
                    _ = try Selector(object)
                    #expect(vector.want["conversionError"] == nil, "\(vector)")
                } catch {
                    #expect(error.description == vector.want["conversionError"]?.stringValue, "\(vector)")
                }
                continue
            }
            #expect(errors.isEmpty, "\(vector)")
            let selector = try Selector(object)
            #expect(selector.description == vector.want["canonical"]?.stringValue, "\(vector)")
            let matches = maps(vector["labels"]).map { JSONValue.bool(selector.matches($0)) }
            #expect(.array(matches) == vector.want["matches"], "\(vector)")
            #expect(selector.matchesNothing == (vector.want["special"] == "nothing"), "\(vector)")
            #expect(selector.isEmpty == (vector.want["special"] == "everything"), "\(vector)")
        }
    }

    @Test func lookUps() throws {
        let selector = try Selector(parsing: "app=web,tier in (a,b),env in (prod)")
        #expect(selector.exactValue(of: "app") == "web" && selector.exactValue(of: "env") == "prod")
        #expect(selector.exactValue(of: "tier") == nil && selector.exactValue(of: "x") == nil)
        let fields = try FieldSelector(parsing: "metadata.name!=a,spec.nodeName=n")
        #expect(fields.exactValue(of: "spec.nodeName") == "n" && fields.exactValue(of: "metadata.name") == nil)
    }

    @Test func escapesRoundTrip() throws {
        for value in ["", "a,b", "a=b", #"a\b"#, #"\,="#, "é"] {
            let selector = try FieldSelector(parsing: "x=\(FieldSelector.escape(value))")
            #expect(selector.requirements.map(\.value) == [value])
        }
    }
}
