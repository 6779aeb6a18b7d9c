internal import APIMachinery

/// The rules for single keywords.
extension SchemaReview {
    /// Reviews a schema and everything below it.
    mutating func openAPI(
        _ schema: JSONSchemaProps,
        _ path: FieldPath,
        _ scope: Scope,
        declaration: RuleDeclaration?
    ) -> Findings {
        var found = Findings()
        found.schema += keywords(schema, path, scope)
        // Types for rules are made once, at the outermost schema with rules, and taken apart from there on.
        var own: RuleDeclaration?
        if scope.reviewsRules {
            own = declaration
            if own == nil && !schema.validations.isEmpty {
                own = RuleDeclaration(
                    StructuralSchema(schema),
                    isResourceRoot: scope.isRoot || schema.isEmbeddedResource
                )
            }
        }
        children(schema, path, scope, own, &found)
        found.schema += types(schema, path)
        found.schema += ruleTexts(schema, path)
        if scope.reviewsRules, found.schema.isEmpty, !schema.validations.isEmpty {
            found.rules += rules(schema, own, path, scope)
        }
        return found
    }

    private mutating func children(
        _ schema: JSONSchemaProps,
        _ path: FieldPath,
        _ scope: Scope,
        _ declaration: RuleDeclaration?,
        _ found: inout Findings
    ) {
        var inner = scope
        inner.isRoot = false
        inner.cardinality = scope.cardinality.flatMap { outer in
            Self.maximumElements(schema).map { outer.multipliedReportingOverflow(by: $0) }.map {
                $0.overflow ? .max : $0.partialValue
            }
        }
        if schema.additionalProperties != nil {
            if !schema.properties.isEmpty {
                let isTrue: Bool = if case .allowed(true)? = schema.additionalProperties { true } else { false }
                if !isTrue {
                    let words = "additionalProperties and properties are mutual exclusive"
                    found.schema.append(.forbidden(path.child("additionalProperties"), words))
                }
            }
            if let additional = schema.additionalSchema {
                var below = inner
                if scope.isInMetadata {
                    below.forbiddenDefaults = "inside additionalProperties applying to object metadata"
                }
                found.append(
                    openAPI(
                        additional,
                        path.child("additionalProperties"),
                        below,
                        declaration: declaration?.element
                    )
                )
            }
        }
        for (name, property) in schema.sortedProperties {
            var below = inner
            let isMeta = name == "metadata" || name == "kind" || name == "apiVersion"
            if (scope.isRoot || schema.isEmbeddedResource) && isMeta {
                below.isInMetadata = true
                if scope.isRoot { below.forbiddenDefaults = "in top-level \(name)" }
            }
            let place = path.child("properties").key(name)
            found.append(openAPI(property, place, below, declaration: declaration?.property(name)))
        }
        var nested = inner
        nested.reviewsRules = false
        if let not = schema.not { found.append(openAPI(not.value, path.child("not"), nested, declaration: nil)) }
        for (keyword, parts) in [("allOf", schema.allOf), ("oneOf", schema.oneOf), ("anyOf", schema.anyOf)] {
            for (index, part) in parts.enumerated() {
                found.append(openAPI(part, path.child(keyword).index(index), nested, declaration: nil))
            }
        }
        if let items = schema.itemSchema {
            var below = inner
            // Only elements of keyed lists can be found again in an older object.
            if schema.listType != "map" && below.uncorrelatable == nil { below.uncorrelatable = path }
            found.append(openAPI(items, path.child("items"), below, declaration: declaration?.element))
        }
    }

    /// By how much a schema multiplies what is below it; `nil` without bound.
    private static func maximumElements(_ schema: JSONSchemaProps) -> Int? {
        switch schema.type {
        case "object" where schema.additionalProperties != nil: schema.maxProperties.map { Int(max(0, $0)) }
        case "array": schema.maxItems.map { Int(max(0, $0)) }
        default: 1
        }
    }

    private func keywords(_ schema: JSONSchemaProps, _ path: FieldPath, _ scope: Scope) -> [FieldError] {
        var errors: [FieldError] = []
        let types = ["array", "boolean", "integer", "number", "object", "string"]
        if let type = schema.type, !type.isEmpty, !types.contains(type) {
            errors.append(.notSupported(path.child("type"), .string(type), types))
        }
        if schema.defaultValue != nil, let reason = scope.forbiddenDefaults {
            errors.append(.forbidden(path.child("default"), "must not be set \(reason)"))
        }
        let unsupported = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"]
        for keyword in unsupported where schema.unsupported[keyword] != nil {
            errors.append(.forbidden(path.child(keyword), "\(keyword) is not supported"))
        }
        if schema.type == "null" {
            let words = "type cannot be set to null, use nullable as an alternative"
            errors.append(.forbidden(path.child("type"), words))
        }
        if case .schemas(let schemas)? = schema.items, !schemas.isEmpty {
            errors.append(.forbidden(path.child("items"), "items must be a schema object and not an array"))
        }
        if scope.isInMetadata && schema.isEmbeddedResource {
            let words = "must not be used inside of resource meta"
            errors.append(.forbidden(path.child("x-kubernetes-embedded-resource"), words))
        }
        if schema.uniqueItems {
            let words = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
            errors.append(.forbidden(path.child("uniqueItems"), words))
        }
        return errors
    }

    private func types(_ schema: JSONSchemaProps, _ path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        func wrongType(_ wanted: String, _ keyword: String) -> FieldError {
            let type = schema.type ?? ""
            let words = "must be \(wanted) if \(keyword) is specified"
            return type.isEmpty
                ? .required(path.child("type"), words) : .invalid(path.child("type"), .string(type), words)
        }
        if schema.preservesUnknownFields == false {
            let place = path.child("x-kubernetes-preserve-unknown-fields")
            errors.append(.invalid(place, false, "must be true or undefined"))
        }
        if let mapType = schema.mapType {
            if schema.type != "object" { errors.append(wrongType("object", "x-kubernetes-map-type")) }
            if mapType != "atomic" && mapType != "granular" {
                let place = path.child("x-kubernetes-map-type")
                errors.append(.notSupported(place, .string(mapType), ["atomic", "granular"]))
            }
        }
        let listPath = path.child("x-kubernetes-list-type")
        if let listType = schema.listType {
            if schema.type != "array" {
                errors.append(wrongType("array", "x-kubernetes-list-type"))
            } else if listType == "set", let items = schema.itemSchema {
                errors += setItems(items, path.child("items"))
            }
            if !["atomic", "set", "map"].contains(listType) {
                errors.append(.notSupported(listPath, .string(listType), ["atomic", "set", "map"]))
            }
        }
        if !schema.listMapKeys.isEmpty && schema.listType != "map" {
            let words = "must be map if x-kubernetes-list-map-keys is non-empty"
            errors.append(
                schema.listType.map { .invalid(listPath, .string($0), words) } ?? .required(listPath, words)
            )
        }
        if schema.listType == "map" { errors += listMap(schema, path) }
        errors += listKeys(schema, path)
        return errors
    }

    private func setItems(_ items: JSONSchemaProps, _ path: FieldPath) -> [FieldError] {
        let words = "must be atomic as item of a list with x-kubernetes-list-type=set"
        let shown: JSONValue = items.listType.map { .string($0) } ?? .null
        switch items.type {
        case "array" where items.listType != nil && items.listType != "atomic":
            return [.invalid(path.child("x-kubernetes-list-type"), shown, words)]
        case "object" where items.mapType != "atomic":
            // As the reference, which shows the list type here.
            return [.invalid(path.child("x-kubernetes-map-type"), shown, words)]
        default: return []
        }
    }

    private func listMap(_ schema: JSONSchemaProps, _ path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        let keysPath = path.child("x-kubernetes-list-map-keys")
        if schema.listMapKeys.isEmpty {
            errors.append(.required(keysPath, "must not be empty if x-kubernetes-list-type is map"))
        }
        guard schema.items != nil else {
            let words = "must have a schema if x-kubernetes-list-type is map"
            errors.append(.required(path.child("items"), words))
            return errors
        }
        guard let items = schema.itemSchema else {
            let words = "must only have a single schema if x-kubernetes-list-type is map"
            errors.append(.invalid(path.child("items"), .array([]), words))
            return errors
        }
        guard items.type == "object" else {
            let words = "must be object if parent array's x-kubernetes-list-type is map"
            errors.append(.invalid(path.child("items").child("type"), .string(items.type ?? ""), words))
            return errors
        }
        let shown = JSONValue.array(schema.listMapKeys.map { .string($0) })
        var seen: Set<String> = []
        for key in schema.listMapKeys {
            if let property = items.properties[key] {
                if property.type == "array" || property.type == "object" {
                    let place = path.child("items").child("properties").key(key).child("type")
                    let words = "must be a scalar type if parent array's x-kubernetes-list-type is map"
                    errors.append(.invalid(place, "object", words))
                }
            } else {
                errors.append(.invalid(keysPath, shown, "entries must all be names of item properties"))
            }
            if !seen.insert(key).inserted {
                errors.append(.invalid(keysPath, shown, "must not contain duplicate entries"))
            }
        }
        return errors
    }

    /// Elements of sets and keyed lists, and their keys, must always be there.
    private func listKeys(_ schema: JSONSchemaProps, _ path: FieldPath) -> [FieldError] {
        guard let items = schema.itemSchema, let listType = schema.listType, listType == "set" || listType == "map"
        else { return [] }
        var errors: [FieldError] = []
        let place = path.child("items")
        if items.nullable {
            let words = "cannot be nullable when x-kubernetes-list-type is \(listType)"
            errors.append(.forbidden(place.child("nullable"), words))
        }
        guard listType == "map" else { return errors }
        for key in schema.listMapKeys {
            guard let property = items.properties[key] else { continue }
            let keyPath = place.child("properties").key(key)
            if !items.required.contains(key) && property.defaultValue == nil {
                let words =
                    "this property is in x-kubernetes-list-map-keys, so it must have a default or be a "
                    + "required property"
                errors.append(.required(keyPath.child("default"), words))
            }
            if property.nullable {
                let words = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
                errors.append(.forbidden(keyPath.child("nullable"), words))
            }
        }
        return errors
    }
}
