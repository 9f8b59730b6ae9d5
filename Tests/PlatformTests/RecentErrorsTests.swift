import Platform
import Testing
import Vocabulary

@Suite struct RecentErrorsTests {
  @Test("the newest lines are kept, newest first, and never more than the limit")
  func limit() {
    let errors = RecentErrors()
    #expect(errors.newest.isEmpty)
    for number in 1...RecentErrors.limit * 3 {
      errors.add("line \(number)", at: Timestamp(milliseconds: Int64(number)))
      #expect(errors.newest.count == min(number, RecentErrors.limit))
      #expect(errors.newest.first?.text == "line \(number)")
    }
    #expect(errors.newest.last?.text == "line \(RecentErrors.limit * 2 + 1)")
    #expect(errors.newest.last?.at == Timestamp(milliseconds: Int64(RecentErrors.limit * 2 + 1)))
  }
}
