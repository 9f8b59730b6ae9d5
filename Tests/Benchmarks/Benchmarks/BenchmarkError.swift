import Glibc

/// Why a measurement means nothing; it ends the program with one line.
struct BenchmarkError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  /// For a call that has just failed.
  static func call(_ name: String) -> Self { Self("\(name): \(String(cString: strerror(errno)))") }
}

/// Throws the error of the call unless it succeeded.
@discardableResult
func check<Result: SignedInteger>(_ name: String, _ result: Result) throws -> Result {
  guard result >= 0 else { throw BenchmarkError.call(name) }
  return result
}
