import FoundationEssentials
import Glibc

// What libFuzzer calls. It is compiled with the tests, so that it stays valid, and linked with the fuzzer in `Fuzz`.

/// Chosen by `MARTINET_FUZZ_TARGET`.
private let target = FuzzTarget.all.first {
    $0.name == ProcessInfo.processInfo.environment["MARTINET_FUZZ_TARGET"]
}

/// Lists the targets if none is chosen, and writes the seeds if `MARTINET_FUZZ_SEEDS` names a directory for them.
@_cdecl("LLVMFuzzerInitialize")
public func initializeFuzzer(
    _ count: UnsafeMutablePointer<Int32>?,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> Int32 {
    guard let target else {
        for target in FuzzTarget.all { print(target.name) }
        exit(0)
    }
    if let directory = ProcessInfo.processInfo.environment["MARTINET_FUZZ_SEEDS"] {
        do {
            for (index, seed) in try target.seeds().enumerated() {
                try Data(seed).write(to: URL(filePath: "\(directory)/seed-\(index)"))
            }
        } catch {
            fatalError("the seeds of \(target.name) cannot be written: \(error)")
        }
        exit(0)
    }
    return 0
}

/// Puts one input in; a property that does not hold ends the program, which keeps the input as a file.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let target else { return 0 }
    do {
        try target.check(Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
        fatalError("\(target.name): \(error)")
    }
    return 0
}
