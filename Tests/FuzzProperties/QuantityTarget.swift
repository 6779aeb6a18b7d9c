import APIMachinery
import TestSupport

extension FuzzTarget {
    /// Quantities and their arithmetic: one a line.
    static let quantity = FuzzTarget(
        name: "quantity",
        seeds: {
            try Golden.cases("quantity.json").map { vector in
                vector.op == "parse" ? seed(vector.text("s"), "1Ki") : seed(vector.text("a"), vector.text("b"))
            }
        },
        check: { bytes in
            let lines = parts(bytes, 2).map { $0.prefix(64) }
            guard let a = try? Quantity(parsing: decoded(Array(lines[0]))) else { return }
            let canonical = a.description
            try expect(canonical.utf8.count <= 10_100, "\(canonical.utf8.count) characters are printed")
            let again = try expectSuccess("\(canonical) cannot be read") { try Quantity(parsing: canonical) }
            try expect(again == a, "\(canonical) is read as \(again)")
            // `9.765625Ki` is printed as `10000`, which is no longer binary and is printed as `10k`.
            try expect(
                again.description == canonical || again.format != a.format,
                "\(canonical) is printed as \(again)"
            )
            if let exact = a.exactValue {
                try expect(exact == a.value && Quantity(exact) == a, "\(canonical) is not \(exact)")
            }
            try expect((-(-a)) == a && a.isZero == (a == .zero), "\(canonical) has no proper sign")
            _ = (a.value, a.milliValue, a.approximateDouble)

            guard let b = try? Quantity(parsing: decoded(Array(lines[1]))) else { return }
            try expect(a.compare(to: b) == -b.compare(to: a), "\(a) and \(b) have no order")
            try expect((a == b) == (a.compare(to: b) == 0), "\(a) and \(b) are equal or not")
            try expect(a + b == b + a, "the sum of \(a) and \(b) depends on their order")
            let difference = a - b
            try expect(
                difference.isZero == (a == b) && difference.isNegative == (a < b),
                "\(a) - \(b) is \(difference)"
            )
            // Binary suffixes end at 2⁶³ for a reader.
            try expect(
                try Quantity(parsing: difference.description) == difference
                    || difference.approximateDouble.magnitude > 9e18,
                "\(a) - \(b) is printed as \(difference)"
            )
        }
    )
}
