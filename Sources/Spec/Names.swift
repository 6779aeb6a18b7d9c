/// What names in our objects look like, and how a message says it.
///
/// Pools are objects, so their names are DNS subdomains; parameters and steps are named in expressions.
func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 253
        && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.utf8.first, let last = label.utf8.last else { return false }
            return isLowerAlphanumeric(first) && isLowerAlphanumeric(last)
                && label.utf8.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
}

let nameRule =
    "a name consists of lower case alphanumeric characters, '-' or '.', and starts and ends with an alphanumeric"
    + " character (e.g. 'default')"

/// Whether an expression can name the parameter as `params.NAME`.
func isIdentifier(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 63 else { return false }
    return (isLetter(first) || first == UInt8(ascii: "_"))
        && text.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
}

let identifierRule =
    "a parameter's name consists of letters, digits and '_', does not begin with a digit, and has at most 63"
    + " characters (e.g. 'path')"

/// Whether the text may be the id of a step.
func isStepID(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 63 else { return false }
    return (isLetter(first) || first == UInt8(ascii: "_"))
        && text.utf8.allSatisfy {
            isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
        }
}

let stepIDRule =
    "a step's id consists of letters, digits, '_' and '-', begins with a letter or '_', and has at most 63"
    + " characters (e.g. 'lint')"

private func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

private func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || isDigit(byte)
}
