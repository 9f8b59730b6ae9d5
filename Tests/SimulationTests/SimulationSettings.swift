import TestSupport

/// What one run does; all of it follows from the seed, unless a test says otherwise.
struct SimulationSettings: Sendable {
  /// A fault at a chosen call of one life, 1 being its first.
  struct Strike: Sendable {
    var life: Int
    var call: Int
    var fault: FaultPlan.Fault
    var isLasting = false
  }
  struct File: Sendable {
    var byteCount: Int
    var declaration = ClientFile.Declaration.nothing
    var isDeferred = false
    /// Number of its push, nil for a single upload.
    var push: Int?
    var isDraft = false
    var isKeyed = false
    var place = ClientFile.DeclarationPlace.metadata
    /// Sizes of the partial uploads it is made of; none for any other upload. The first comes once more at the end.
    var parts: [Int] = []
    /// Of its content; two files with one seed and one length are equal.
    var seed: UInt64
  }
  struct Push: Sendable {
    var isListed: Bool
    var sealsItself: Bool
  }

  let seed: UInt64
  /// False: `durability = process`; then only processes end, and the power stays.
  var isSynced = true
  var rates = FaultPlan.Rates()
  var isPowerLoss = true
  var capacity: Int64 = 1 << 40
  var crashLimit = 3
  /// Requests of each client while the weather is bad.
  var requests = 10
  var strikes: [Strike] = []
  var files: [File] = []
  var pushes: [Push] = []
  /// Once so much time goes by at once that every unfinished upload expires.
  var leaps = false

  init(seed: UInt64) {
    self.seed = seed
    var random = SeededRandom(seed: seed)
    isSynced = random.int(0...3) > 0
    isPowerLoss = isSynced && random.int(0...3) > 0
    func rate(_ most: Int, _ random: inout SeededRandom) -> Int {
      random.int(0...1) == 0 ? 0 : random.int(1...most)
    }
    rates = FaultPlan.Rates(
      full: rate(200, &random), failed: rate(500, &random), slow: rate(3000, &random),
      crash: rate(60, &random))
    if random.int(0...5) == 0 { capacity = Int64(random.int(20_000...400_000)) }
    requests = random.int(3...14)
    pushes = (0..<random.int(0...2)).map { _ in
      Push(isListed: random.int(0...1) == 0, sealsItself: random.int(0...1) == 0)
    }
    files = (0..<random.int(1...5)).map { number in
      Self.file(number, pushCount: pushes.count, seed: seed, &random)
    }
    vary()
  }

  /// What clients do beside plain tus; drawn by itself, so that the rest of a seed's run stays what it is.
  private mutating func vary() {
    var random = SeededRandom(seed: seed &* 11)
    leaps = random.int(0...9) == 0
    for index in files.indices {
      files[index].isDraft = random.int(0...2) == 0
      files[index].isKeyed = random.int(0...2) == 0
      files[index].place = random.element(of: ClientFile.DeclarationPlace.allCases)
    }
    guard random.int(0...2) == 0 else { return }
    let number = random.int(0...(files.count - 1))
    files[number].parts = (0..<random.int(1...3)).map { _ in
      random.element(of: [0, 300, 20_000, 70_000])
    }
  }

  private static func file(
    _ number: Int, pushCount: Int, seed: UInt64, _ random: inout SeededRandom
  ) -> File {
    let byteCount =
      switch random.int(0...9) {
      case 0: 0
      case 1...3: random.int(1...600)
      case 4...5: random.int(601...20_000)
      case 6: (64 << 10) + random.int(-1...1)
      case 7...8: random.int(65_600...150_000)
      default: random.int(150_000...300_000)
      }
    let isTwin = random.int(0...7) == 0
    return File(
      byteCount: isTwin ? 70_000 : byteCount,
      declaration: random.element(of: [.nothing, .nothing, .right, .right, .wrong]),
      isDeferred: random.int(0...4) == 0,
      push: pushCount > 0 && random.int(0...2) > 0 ? random.int(0...(pushCount - 1)) : nil,
      seed: isTwin ? 77 : seed &* 100 &+ UInt64(number))
  }
}
