/// Words that the language keeps for itself: no variable and no function has such a name, a field may.
public enum ReservedWord {
    /// The reserved words, the literals and `in` among them.
    public static let all: Set<String> = [
        "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
        "package", "namespace", "null", "return", "true", "var", "void", "while",
    ]

    /// The name under which objects have a field that is called like that word.
    public static func escaped(_ word: String) -> String { "__\(word)__" }
}
