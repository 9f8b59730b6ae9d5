import Platform
import TestSupport
import Vocabulary

/// What a request says of its content: checksums before it, and perhaps one after it; some of them wrong or missing.
struct Checked {
  private(set) var checks = ContentChecks.none
  private(set) var trailer: Result<Checksum?, ProblemError> = .success(nil)
  /// The content must not count.
  private(set) var isFlawed = false
  /// How it may be refused for that.
  private(set) var problems: Set<Problem> = []

  init(_ bytes: [UInt8], isChecked: Bool, _ random: inout SeededRandom) {
    guard isChecked else { return }
    checks.hasTrailer = random.int(0...2) == 0
    let count = checks.hasTrailer ? random.int(0...1) : random.int(1...2)
    checks.checksums = (0..<count).compactMap { _ in Self.checksum(bytes, &random) }
    if checks.hasTrailer { trailer = .success(Self.checksum(bytes, &random)) }
    guard random.int(0...1) == 0 else { return }
    // The caller damages the bytes, which all checksums then tell; but not if there are none.
    if checks.hasTrailer && (bytes.isEmpty || random.int(0...1) == 0) {
      isFlawed = true
      problems = [.badHeader]
      trailer = .failure(ProblemError(.badHeader, detail: "the announced trailer did not come"))
    } else if !bytes.isEmpty {
      isFlawed = true
      problems = [.checksumMismatch]
    }
  }

  private static func checksum(_ bytes: [UInt8], _ random: inout SeededRandom) -> Checksum? {
    let algorithm = random.element(of: ChecksumAlgorithm.allCases)
    let stream = ChecksumStream(algorithm)
    stream.update(bytes)
    return Checksum(algorithm: algorithm, bytes: stream.finish())
  }
}
