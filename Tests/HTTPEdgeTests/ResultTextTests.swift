import HTTPEdge
import Platform
import Testing
import Vocabulary

@Suite struct ResultTextTests {
  private let item = JSONValue.string(String(repeating: "x", count: 8))

  @Test("results of all requests together stay within one budget, and go back to it")
  func budget() throws {
    let budget = ByteBudget(bytes: 25)
    var first: ResultText? = ResultText(budget)
    var second = ResultText(budget)
    try first?.append(item)
    try second.append(item)
    let refusal = #expect(throws: ProblemError.self) { try second.append(item) }
    #expect(refusal?.problem == .busy)
    first = nil
    try second.append(item)
  }

  @Test("results keep their share while their answer is not out")
  func answer() throws {
    let budget = ByteBudget(bytes: 10)
    var text: ResultText? = ResultText(budget)
    try text?.append(item)
    var body = text?.body(after: "[", before: "]", patience: .seconds(1))
    text = nil
    #expect(body != nil)
    #expect(!budget.acquire(1))
    body = nil
    #expect(budget.acquire(10))
  }

  @Test("the results of one request have an end")
  func limit() throws {
    var text = ResultText(ByteBudget(bytes: .max), maximumBytes: 20)
    try text.append(item)
    let refusal = #expect(throws: ProblemError.self) { try text.append(item) }
    #expect(refusal?.problem == .tooLarge)
  }
}
