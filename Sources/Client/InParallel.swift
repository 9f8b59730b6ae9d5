/// Runs `body` for every item, at most `limit` at a time, and gathers what it returns, in no order.
func inParallel<Item: Sendable, Result: Sendable>(
  _ items: [Item], limit: Int, _ body: @escaping @Sendable (Item) async throws -> Result?
) async throws -> [Result] {
  try await withThrowingTaskGroup(of: Result?.self) { group in
    var results: [Result] = []
    var next = items.makeIterator()
    for _ in 0..<max(1, limit) {
      if let item = next.next() { group.addTask { try await body(item) } }
    }
    while let result = try await group.next() {
      if let result { results.append(result) }
      if let item = next.next() { group.addTask { try await body(item) } }
    }
    return results
  }
}
