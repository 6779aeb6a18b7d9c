/// Rows under headings, padded to columns as kubectl's are.
struct Table {
    struct Cell {
        var text: String
        var style: Terminal.Style?

        /// The text may come from programs that jobs run; what would steer a terminal is shown, not sent.
        init(_ text: String, _ style: Terminal.Style? = nil) {
            self.text = Terminal.harmless(text)
            self.style = style
        }
    }

    enum Alignment { case left, right }

    var headings: [String]
    var alignments: [Alignment]
    private(set) var rows: [[Cell]] = []

    /// A table of those columns; the ones whose heading begins with `>` are aligned to the right.
    init(_ headings: String...) {
        self.headings = headings.map { $0.hasPrefix(">") ? String($0.dropFirst()) : $0 }
        alignments = headings.map { $0.hasPrefix(">") ? .right : .left }
    }

    mutating func add(_ cells: [Cell]) { rows.append(cells) }

    mutating func add(_ cells: String...) { rows.append(cells.map { Cell($0) }) }

    /// The table as lines of text; the last column is cut where a line would be wider than the given width.
    func render(maximumWidth: Int? = nil) -> String {
        let all = [headings.map { Cell($0, .bold) }] + rows
        var widths = headings.map { _ in 0 }
        for row in all {
            for (column, cell) in row.enumerated() where column < widths.count {
                widths[column] = max(widths[column], cell.text.count)
            }
        }
        var lastWidth = Int.max
        if let maximumWidth {
            lastWidth = max(10, maximumWidth - widths.dropLast().reduce(0) { $0 + $1 + 3 })
        }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() where column < widths.count {
                let padding = String(repeating: " ", count: widths[column] - cell.text.count)
                let isLast = column == row.count - 1
                switch alignments[column] {
                case .left:
                    let isCut = isLast && cell.text.count > lastWidth
                    let text = isCut ? String(cell.text.prefix(lastWidth - 1)) + "…" : cell.text
                    line += Terminal.styled(text, cell.style) + (isLast ? "" : padding)
                case .right: line += padding + Terminal.styled(cell.text, cell.style)
                }
                if !isLast { line += "   " }
            }
            return line + "\n"
        }.joined()
    }
}

/// The colour that a phase has everywhere.
func phaseStyle(_ phase: String) -> Terminal.Style? {
    switch phase {
    case "Succeeded", "True": .green
    case "Failed", "False": .red
    case "Running": .cyan
    case "Queued", "Suspended": .yellow
    case "Pending", "Skipped", "Cancelled": .dim
    default: nil
    }
}
